import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { errorCode } from "../../shared/errors.ts";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { useOpenScreen } from "./use-open-screen.ts";

interface Props {
  /** Undefined lets the operator choose. */
  readonly environmentId: string | undefined;
  readonly onClose: () => void;
}

/** Asks why somebody logs in (R101), then does it. */
export function OpenTerminalDialog({ environmentId, onClose }: Props) {
  const { t } = useWords();
  const api = useApi();
  const fleet = useQuery(api.fleet.list.queryOptions());
  const [chosen, setChosen] = useState<string | null>(environmentId ?? null);
  const [reason, setReason] = useState("");
  const [reference, setReference] = useState("");
  const screens = useOpenScreen();
  const rows = fleet.data?.rows ?? [];
  const row = rows.find(({ id }) => id === chosen);

  async function submit(event: React.FormEvent) {
    event.preventDefault();
    if (!chosen) return;
    const order = { environmentId: chosen, reason: reason.trim() };
    try {
      const screen = await screens.open(reference.trim() ? { ...order, contractReference: reference.trim() } : order);
      onClose();
      screen.focus();
    } catch {
      // Shown below.
    }
  }

  return (
    <Dialog opened onClose={onClose} title={t("terminal.open")}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="sm">
          {environmentId === undefined ? (
            <Select
              label={t("terminal.environment")}
              placeholder={t("terminal.chooseEnvironment")}
              data={rows
                .filter(({ sshAddress }) => sshAddress)
                .map(({ id, customer, slug, kind }) => ({
                  value: id,
                  label: `${customer} (${slug}), ${t(`kind.${kind}`)}`,
                }))}
              value={chosen}
              onChange={setChosen}
              searchable
              limit={50}
              required
              data-autofocus
            />
          ) : (
            row && (
              <Group gap="xs">
                <KindBadge kind={row.kind} />
                <Text fw={600}>{row.customer}</Text>
                <Text size="sm" c="dimmed">
                  {row.sshAddress ? `${row.sshAddress.user}@${row.sshAddress.host}` : t("tenant.notReached")}
                </Text>
              </Group>
            )
          )}
          <TextInput
            label={t("terminal.reason")}
            description={t("terminal.reasonHint")}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            minLength={3}
            maxLength={500}
            required
            data-autofocus={environmentId !== undefined || undefined}
          />
          <TextInput
            label={t("terminal.reference")}
            description={t("terminal.referenceHint")}
            value={reference}
            onChange={(event) => setReference(event.currentTarget.value)}
            maxLength={200}
          />
          <Text size="sm" c="dimmed">
            {t("terminal.recorded")}
          </Text>
          {screens.error && (
            <Failure error={screens.error}>
              {chosen && errorCode(screens.error) === "HostKeyChanged" && (
                <Button component={Link} href={paths.hostKeys(chosen)} size="compact-xs" mt="xs">
                  {t("hostKeys.look")}
                </Button>
              )}
            </Failure>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" loading={screens.isPending} disabled={!chosen || reason.trim().length < 3}>
              {t("terminal.logIn")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
