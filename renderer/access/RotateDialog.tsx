import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { Dialog } from "../ui/Dialog.tsx";

export function RotateDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID());
  const accounts = useQuery(api.settings.listAccounts.queryOptions());
  const [chosen, setChosen] = useState<string | null>(null);
  const accountId = chosen ?? accounts.data?.[0]?.id ?? null;
  const rotate = useMutation(
    api.access.rotate.mutationOptions({
      onSuccess: ({ jobId }) => {
        onClose();
        navigate(paths.job(jobId));
      },
    }),
  );
  return (
    <Dialog opened onClose={onClose} title={t("access.rotateTitle")}>
      <Stack gap="sm">
        <Text size="sm">{t("access.rotateBody")}</Text>
        <Select
          label={t("access.account")}
          data={(accounts.data ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          value={accountId}
          onChange={setChosen}
          allowDeselect={false}
          data-autofocus
        />
        {rotate.error && <Failure error={rotate.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button
            disabled={accountId === null}
            loading={rotate.isPending}
            onClick={() => accountId && rotate.mutate({ requestId, accountId })}
          >
            {t("access.rotate")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
