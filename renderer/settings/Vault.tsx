import { Button, Group, PasswordInput, Skeleton, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { VaultStatus } from "../../shared/settings/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";

const TONES = { new: "warning", locked: "warning", open: "good" } as const;
/** Shorter passphrases are refused by the vault. */
const SHORTEST = 12;

export function Vault() {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const vault = useQuery(api.settings.vaultStatus.queryOptions());
  const key = api.settings.vaultStatus.queryKey();
  const keep = (status: VaultStatus) => void cache.setQueryData(key, status);
  const unlock = useMutation(api.settings.unlockVault.mutationOptions({ onSuccess: keep }));
  const lock = useMutation(api.settings.lockVault.mutationOptions({ onSuccess: keep }));

  if (vault.error && !vault.data) return <Failure error={vault.error} onRetry={() => void vault.refetch()} />;
  const status = vault.data;
  return (
    <Panel title={t("settings.vault")}>
      {status ? (
        <Stack gap="sm">
          <Text size="sm">{t("settings.vault.body")}</Text>
          <Group gap="md">
            <StateBadge tone={TONES[status.state]} label={t(`settings.vault.state.${status.state}`)} />
            <Text size="sm" c="dimmed">
              {t(`settings.vault.backend.${status.backend}`)}
            </Text>
          </Group>
          {status.note && <Text size="sm">{status.note}</Text>}
          {unlock.error && <Failure error={unlock.error} />}
          {lock.error && <Failure error={lock.error} />}
          {status.state === "open" ? (
            status.backend === "passphrase" && (
              <Group>
                <Button size="xs" variant="default" loading={lock.isPending} onClick={() => lock.mutate({})}>
                  {t("settings.vault.lock")}
                </Button>
              </Group>
            )
          ) : (
            <PassphraseForm
              isNew={status.state === "new"}
              busy={unlock.isPending}
              onPassphrase={(passphrase) => unlock.mutate({ passphrase })}
            />
          )}
        </Stack>
      ) : (
        <Skeleton height={120} aria-busy="true" />
      )}
    </Panel>
  );
}

interface FormProps {
  readonly isNew: boolean;
  readonly busy: boolean;
  readonly onPassphrase: (passphrase: string) => void;
}

/** A new vault asks twice; an old one once. */
function PassphraseForm({ isNew, busy, onPassphrase }: FormProps) {
  const { t } = useWords();
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const short = isNew && passphrase.length > 0 && passphrase.length < SHORTEST;
  const differs = isNew && again.length > 0 && again !== passphrase;
  const complete = passphrase.length > 0 && (!isNew || (passphrase.length >= SHORTEST && again === passphrase));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!complete) return;
        onPassphrase(passphrase);
        setPassphrase("");
        setAgain("");
      }}
    >
      <Stack gap="sm" maw={420}>
        <PasswordInput
          label={t("settings.vault.passphrase")}
          description={isNew ? t("settings.vault.passphraseHint") : undefined}
          value={passphrase}
          error={short && t("settings.vault.tooShort")}
          autoComplete="off"
          onChange={(event) => setPassphrase(event.currentTarget.value)}
        />
        {isNew && (
          <PasswordInput
            label={t("settings.vault.passphraseAgain")}
            value={again}
            error={differs && t("settings.vault.differs")}
            autoComplete="off"
            onChange={(event) => setAgain(event.currentTarget.value)}
          />
        )}
        <Group>
          <Button type="submit" size="xs" disabled={!complete} loading={busy}>
            {t(isNew ? "settings.vault.set" : "settings.vault.unlock")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
