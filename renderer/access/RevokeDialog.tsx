import { Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { AccessKey } from "../../shared/access/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { ReasonDialog } from "../ui/ReasonDialog.tsx";

interface Props {
  readonly accessKey: AccessKey;
  readonly onClose: () => void;
}

export function RevokeDialog({ accessKey, onClose }: Props) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID());
  const revoke = useMutation(
    api.access.revoke.mutationOptions({
      onSuccess: ({ jobId }) => {
        onClose();
        navigate(paths.job(jobId));
      },
    }),
  );
  return (
    <ReasonDialog
      title={t("access.revokeTitle", { owner: accessKey.owner })}
      body={t("access.revokeBody")}
      label={t("access.reason")}
      action={t("access.revoke")}
      busy={revoke.isPending}
      onSend={(reason) => revoke.mutate({ requestId, keyId: accessKey.id, reason })}
      onClose={onClose}
      failure={revoke.error && <Failure error={revoke.error} />}
    >
      <Text size="sm" ff="monospace">
        {accessKey.fingerprint}
      </Text>
    </ReasonDialog>
  );
}
