import { Badge, Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import type { Account, AccountCheck } from "../../shared/settings/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { hasWords, useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { ConfirmTyped } from "../ui/ConfirmTyped.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import { AddAccountDialog } from "./AddAccountDialog.tsx";

export function Accounts() {
  const { t } = useWords();
  const api = useApi();
  const accounts = useQuery(api.settings.listAccounts.queryOptions());
  const [adding, setAdding] = useState(false);
  const add = (
    <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setAdding(true)}>
      {t("settings.accounts.add")}
    </Button>
  );
  return (
    <Panel title={t("settings.accounts")} actions={accounts.data?.length ? add : undefined}>
      {accounts.error && !accounts.data ? (
        <Failure error={accounts.error} onRetry={() => void accounts.refetch()} />
      ) : !accounts.data ? (
        <Stack gap="xs" aria-busy="true">
          <Skeleton height={52} />
          <Skeleton height={52} />
        </Stack>
      ) : accounts.data.length === 0 ? (
        <EmptyState title={t("settings.accounts.empty")} hint={t("settings.accounts.emptyHint")}>
          {add}
        </EmptyState>
      ) : (
        <Stack gap="md" component="ul" m={0} p={0} style={{ listStyle: "none" }}>
          {accounts.data.map((account) => (
            <AccountLine key={account.id} account={account} />
          ))}
        </Stack>
      )}
      <AddAccountDialog opened={adding} onClose={() => setAdding(false)} />
    </Panel>
  );
}

function AccountLine({ account }: { readonly account: Account }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [removing, setRemoving] = useState(false);
  const check = useMutation(api.settings.checkAccount.mutationOptions());
  const remove = useMutation(
    api.settings.removeAccount.mutationOptions({
      onSuccess: () => {
        setRemoving(false);
        void cache.invalidateQueries({ queryKey: api.settings.key() });
        void cache.invalidateQueries({ queryKey: api.fleet.key() });
      },
    }),
  );
  const { credentials } = account;
  const credentialWords =
    credentials.kind === "profile"
      ? `${t("settings.accounts.byProfile")}${t("ui.colon")} ${credentials.profile}`
      : `${t("settings.accounts.byKeys")}${t("ui.colon")} ${credentials.accessKeyId}`;
  return (
    <li aria-label={account.name}>
      <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
        <div>
          <Group gap="xs">
            <Text fw={600}>{account.name}</Text>
            {account.isLab && (
              <Badge size="sm" variant="default" tt="none" radius="sm">
                {t("settings.accounts.lab")}
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed">
            {credentialWords} · {account.regions.join(", ")}
            {account.endpoints.ec2 && ` · ${account.endpoints.ec2}`}
          </Text>
        </div>
        <Group gap="xs" wrap="nowrap">
          <Button
            size="xs"
            variant="default"
            loading={check.isPending}
            onClick={() => check.mutate({ account: account.id })}
          >
            {t("settings.accounts.check")}
          </Button>
          {!account.isLab && (
            <Button size="xs" variant="outline" color="red" onClick={() => setRemoving(true)}>
              {t("settings.accounts.remove")}
            </Button>
          )}
        </Group>
      </Group>
      <div role="status">{check.data && <CheckResult check={check.data} />}</div>
      {check.error && <Failure error={check.error} onRetry={() => check.mutate({ account: account.id })} />}
      <ConfirmTyped
        opened={removing}
        title={t("settings.accounts.removeTitle", { name: account.name })}
        body={t("settings.accounts.removeBody")}
        word={account.name}
        action={t("settings.accounts.remove")}
        busy={remove.isPending}
        onConfirm={(confirm) => remove.mutate({ account: account.id, confirm })}
        onClose={() => setRemoving(false)}
      >
        {remove.error && <Failure error={remove.error} />}
      </ConfirmTyped>
    </li>
  );
}

function CheckResult({ check }: { readonly check: AccountCheck }) {
  const { t, language } = useWords();
  return (
    <Stack gap={2} mt={4}>
      <StateBadge
        tone={check.ok ? "good" : "bad"}
        label={
          check.ok ? t("settings.accounts.ok", { arn: check.arn ?? check.awsAccountId }) : t("settings.accounts.notOk")
        }
      />
      {check.regions.map(({ region, ok, error }) => {
        const key = `error.${error?.code}`;
        return (
          <Group key={region} gap="xs" ml="md">
            <StateBadge tone={ok ? "good" : "bad"} label={region} />
            {error && (
              <Text size="sm">
                {hasWords(key) ? t(key) : error.code}
                {t("ui.colon")} {sentenceWords(error.message, language)}
              </Text>
            )}
          </Group>
        );
      })}
    </Stack>
  );
}
