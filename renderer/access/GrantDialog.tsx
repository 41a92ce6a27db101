import { Button, Group, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { DAY_MS } from "../../shared/time.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { useNow } from "../ui/clock.ts";
import { Dialog } from "../ui/Dialog.tsx";

/** Registers a key with its owner, approver and end (R102), and puts it on the host. */
export function GrantDialog({ slug, onClose }: { readonly slug: string | undefined; readonly onClose: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const now = useNow();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID());
  const fleet = useQuery(api.fleet.list.queryOptions());
  const rows = (fleet.data?.rows ?? []).filter((row) => row.sshAddress && (slug === undefined || row.slug === slug));
  const [environmentId, setEnvironmentId] = useState<string | null>(null);
  const [owner, setOwner] = useState("");
  const [approver, setApprover] = useState("");
  const [purpose, setPurpose] = useState("");
  const [publicKey, setPublicKey] = useState("");
  const [expiresAt, setExpiresAt] = useState(() => new Date(now + 30 * DAY_MS));
  const grant = useMutation(
    api.access.grant.mutationOptions({
      onSuccess: ({ jobId }) => {
        onClose();
        navigate(paths.job(jobId));
      },
    }),
  );
  const row = rows.find(({ id }) => id === environmentId);
  return (
    <Dialog opened onClose={onClose} title={t("access.grant")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!row) return;
          const target = { tenant: row.slug, environment: row.kind };
          grant.mutate({ requestId, ...target, owner, approver, purpose, publicKey, expiresAt });
        }}
      >
        <Stack gap="sm">
          <Select
            label={t("terminal.environment")}
            data={rows.map(({ id, customer, slug: one, kind }) => ({
              value: id,
              label: `${customer} (${one}), ${t(`kind.${kind}`)}`,
            }))}
            value={environmentId}
            onChange={setEnvironmentId}
            searchable
            limit={50}
            required
            data-autofocus
          />
          <Group grow align="flex-start">
            <TextInput
              label={t("access.owner")}
              description={t("access.ownerHint")}
              value={owner}
              onChange={(event) => setOwner(event.currentTarget.value)}
              maxLength={120}
              required
            />
            <TextInput
              label={t("access.approver")}
              description={t("access.approverHint")}
              value={approver}
              onChange={(event) => setApprover(event.currentTarget.value)}
              maxLength={120}
              required
            />
          </Group>
          <TextInput
            label={t("access.purpose")}
            value={purpose}
            onChange={(event) => setPurpose(event.currentTarget.value)}
            minLength={3}
            maxLength={500}
            required
          />
          <Textarea
            label={t("access.publicKey")}
            description={t("access.publicKeyHint")}
            value={publicKey}
            onChange={(event) => setPublicKey(event.currentTarget.value)}
            autosize
            minRows={2}
            maxRows={5}
            spellCheck={false}
            required
          />
          <DateTimePicker
            label={t("access.expires")}
            description={t("access.expiresHint")}
            value={expiresAt}
            onChange={(value) => value && setExpiresAt(new Date(value))}
            minDate={new Date(now)}
            required
          />
          {grant.error && <Failure error={grant.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button type="submit" loading={grant.isPending} disabled={!row}>
              {t("access.grant")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
