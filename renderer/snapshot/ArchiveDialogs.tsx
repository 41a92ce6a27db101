import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { EnvironmentKind, Tenant } from "../../shared/tenant/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { shortDateTime } from "../ui/format.ts";

interface Props {
  readonly opened: boolean;
  readonly tenant: Tenant;
  readonly onClose: () => void;
}

export function ExportDialog({ opened, tenant, onClose }: Props) {
  const { t } = useWords();
  return (
    <Dialog opened={opened} onClose={onClose} title={t("snapshot.export")}>
      <ArchiveForm tenant={tenant} onClose={onClose} importing={false} />
    </Dialog>
  );
}

export function ImportDialog({ opened, tenant, onClose }: Props) {
  const { t } = useWords();
  return (
    <Dialog opened={opened} onClose={onClose} title={t("snapshot.import")}>
      <ArchiveForm tenant={tenant} onClose={onClose} importing />
    </Dialog>
  );
}

function ArchiveForm({ tenant, onClose, importing }: Omit<Props, "opened"> & { readonly importing: boolean }) {
  const { t, language } = useWords();
  const api = useApi();
  const [requestId] = useState(() => crypto.randomUUID());
  const [environment, setEnvironment] = useState<EnvironmentKind>(tenant.environments[0]?.kind ?? "production");
  const [label, setLabel] = useState(() => shortDateTime(new Date(), language));
  const [file, setFile] = useState("~/");
  const prepare = useMutation(api.snapshot.export.mutationOptions({ onSuccess: onClose }));
  const take = useMutation(api.snapshot.import.mutationOptions({ onSuccess: onClose }));
  const failure = prepare.error ?? take.error;
  const order = { requestId, tenant: tenant.slug, environment, label: label.trim() };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (importing) take.mutate({ ...order, file: file.trim() });
        else prepare.mutate(order);
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{t(importing ? "snapshot.import.hint" : "snapshot.exportHint")}</Text>
        <Select
          label={t("snapshot.dialog.environment")}
          data={tenant.environments.map(({ kind }) => ({ value: kind, label: t(`kind.${kind}`) }))}
          value={environment}
          allowDeselect={false}
          onChange={(kind) => kind && setEnvironment(kind as EnvironmentKind)}
        />
        {importing && (
          <TextInput
            label={t("snapshot.import.file")}
            value={file}
            onChange={(event) => setFile(event.currentTarget.value)}
            required
            spellCheck={false}
          />
        )}
        <TextInput
          label={t("snapshot.dialog.label")}
          value={label}
          maxLength={80}
          required
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        {failure && <Failure error={failure} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" loading={prepare.isPending || take.isPending} disabled={label.trim() === ""}>
            {t(importing ? "snapshot.import.start" : "snapshot.export")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
