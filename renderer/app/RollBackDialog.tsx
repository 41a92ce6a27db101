import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { ConfirmTyped } from "../ui/ConfirmTyped.tsx";
import { useApi } from "./api.ts";
import { Failure } from "./Failure.tsx";
import { useWords } from "./i18n/index.ts";
import { paths } from "./paths.ts";

interface Props {
  readonly slug: string;
  readonly opened: boolean;
  readonly onClose: () => void;
}

/** Removes what a failed provisioning made, after its slug was typed. */
export function RollBackDialog({ slug, opened, onClose }: Props) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID()); // one intent, however often it is sent
  const rollBack = useMutation(
    api.tenant.rollBack.mutationOptions({
      onSuccess: ({ jobId }) => {
        onClose();
        navigate(paths.job(jobId));
      },
    }),
  );
  return (
    <ConfirmTyped
      opened={opened}
      title={t("jobs.rollBackTitle", { tenant: slug })}
      body={t("jobs.rollBackBody", { tenant: slug })}
      word={slug}
      action={t("jobs.rollBackConfirm")}
      busy={rollBack.isPending}
      onConfirm={(confirm) => rollBack.mutate({ requestId, tenant: slug, confirm })}
      onClose={onClose}
    >
      {rollBack.error && <Failure error={rollBack.error} />}
    </ConfirmTyped>
  );
}
