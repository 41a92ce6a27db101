import { Button, Tooltip } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconArrowBackUp, IconArrowBarToDown, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { useState } from "react";
import type { Job } from "../../shared/jobs/model.ts";
import { useApi } from "./api.ts";
import { Failure } from "./Failure.tsx";
import { useWords } from "./i18n/index.ts";
import { RollBackDialog } from "./RollBackDialog.tsx";

/** What can be done with a job now, as the console allows it. */
export function JobActions({ job }: { readonly job: Job }) {
  const { t } = useWords();
  const api = useApi();
  const [rollingBack, setRollingBack] = useState(false);
  const cancel = useMutation(api.jobs.cancel.mutationOptions());
  const retry = useMutation(api.jobs.retry.mutationOptions());
  const adopt = useMutation(api.jobs.adopt.mutationOptions());
  const error = cancel.error ?? retry.error ?? adopt.error;
  return (
    <>
      {job.can.adopt && (
        <Tooltip label={t("jobs.adoptHint", { machine: job.executor })} withArrow multiline maw={320}>
          <Button
            size="xs"
            leftSection={<IconArrowBarToDown size={15} />}
            loading={adopt.isPending}
            onClick={() => adopt.mutate({ jobId: job.id })}
          >
            {t("jobs.adopt")}
          </Button>
        </Tooltip>
      )}
      {job.can.cancel && (
        <Tooltip label={t("jobs.cancelHint")} withArrow>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlayerStop size={15} />}
            loading={cancel.isPending}
            onClick={() => cancel.mutate({ jobId: job.id })}
          >
            {t("jobs.cancel")}
          </Button>
        </Tooltip>
      )}
      {job.can.rollBack && job.tenantSlug && (
        <>
          <Button
            size="xs"
            variant="outline"
            color="red"
            leftSection={<IconArrowBackUp size={15} />}
            onClick={() => setRollingBack(true)}
          >
            {t("jobs.rollBack")}
          </Button>
          <RollBackDialog slug={job.tenantSlug} opened={rollingBack} onClose={() => setRollingBack(false)} />
        </>
      )}
      {job.can.retry && (
        <Button
          size="xs"
          leftSection={<IconRefresh size={15} />}
          loading={retry.isPending}
          onClick={() => retry.mutate({ jobId: job.id })}
        >
          {t("jobs.retry")}
        </Button>
      )}
      {error && <Failure error={error} />}
    </>
  );
}
