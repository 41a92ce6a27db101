import {
  Button,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { MailServer, type MailSettings } from "../../shared/settings/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { type MessageKey, useWords } from "../app/i18n/index.ts";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";

const TLS_MODES = ["starttls", "tls", "none"] as const satisfies readonly MailServer["tls"][];

/** The company's mail server. */
export function Mail() {
  const { t } = useWords();
  const api = useApi();
  const mail = useQuery(api.settings.mail.queryOptions());
  if (mail.error && !mail.data) return <Failure error={mail.error} onRetry={() => void mail.refetch()} />;
  return (
    <Panel title={t("settings.mail")}>
      {mail.data ? (
        <MailForm key={JSON.stringify(mail.data.server)} mail={mail.data} />
      ) : (
        <Skeleton height={260} aria-busy="true" />
      )}
    </Panel>
  );
}

type Form = ReturnType<typeof formOf>;

const formOf = (server: MailServer | null) => ({
  host: server?.host ?? "",
  port: server?.port ?? 587,
  tls: server?.tls ?? ("starttls" as MailServer["tls"]),
  user: server?.user ?? "",
  from: server?.from ?? "",
  fromName: server?.fromName ?? "",
  replyTo: server?.replyTo ?? "",
  caFile: server?.caFile ?? "",
  password: "",
});

function MailForm({ mail }: { readonly mail: MailSettings }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [form, setForm] = useState(() => formOf(mail.server));
  const refresh = () => void cache.invalidateQueries({ queryKey: api.settings.key() });
  const save = useMutation(api.settings.setMail.mutationOptions({ onSuccess: refresh }));
  const check = useMutation(api.settings.checkMail.mutationOptions());
  const { password, ...rest } = form;
  const parsed = MailServer.safeParse({
    ...rest,
    user: form.user.trim() || null,
    replyTo: form.replyTo.trim() || null,
    caFile: form.caFile.trim() || null,
  });
  const isChanged = password !== "" || JSON.stringify(formOf(mail.server)) !== JSON.stringify(form);
  const edit = (part: Partial<Form>) => {
    setForm({ ...form, ...part });
    save.reset();
    check.reset();
  };
  const text = (key: "host" | "user" | "from" | "fromName" | "replyTo" | "caFile", hint?: MessageKey) => ({
    label: t(`settings.mail.${key}`),
    ...(hint && { description: t(hint) }),
    value: form[key],
    autoComplete: "off",
    spellCheck: false,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => edit({ [key]: event.currentTarget.value }),
  });
  const error = save.error ?? check.error;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (parsed.success) save.mutate({ server: parsed.data, ...(password && { password }) });
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{t("settings.mail.body")}</Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <TextInput {...text("host")} withAsterisk />
          <NumberInput
            label={t("settings.mail.port")}
            min={1}
            max={65_535}
            allowDecimal={false}
            value={form.port}
            onChange={(port) => typeof port === "number" && edit({ port })}
          />
          <Select
            label={t("settings.mail.tls")}
            allowDeselect={false}
            value={form.tls}
            data={TLS_MODES.map((value) => ({ value, label: t(`settings.mail.tls.${value}`) }))}
            onChange={(tls) => edit({ tls: TLS_MODES.find((one) => one === tls) ?? "starttls" })}
          />
          <TextInput {...text("caFile", "settings.mail.caFileHint")} />
          <TextInput {...text("user", "settings.mail.userHint")} />
          <PasswordInput
            label={t("settings.mail.password")}
            description={t(mail.hasPassword ? "settings.mail.passwordKept" : "settings.mail.passwordHint")}
            autoComplete="off"
            disabled={form.user.trim() === ""}
            value={password}
            onChange={(event) => edit({ password: event.currentTarget.value })}
          />
          <TextInput {...text("from")} withAsterisk />
          <TextInput {...text("fromName")} />
          <TextInput {...text("replyTo")} />
        </SimpleGrid>
        <div role="status">
          {check.data && <StateBadge tone="good" label={t("settings.mail.ok", { greeting: check.data.greeting })} />}
          {save.isSuccess && !isChanged && !check.data && <StateBadge tone="good" label={t("ui.saved")} />}
        </div>
        {error && <Failure error={error} />}
        <Group justify="flex-end" gap="xs">
          {mail.server && (
            <>
              <Button variant="outline" color="red" onClick={() => save.mutate({ server: null })}>
                {t("settings.mail.remove")}
              </Button>
              <Button variant="default" disabled={isChanged} loading={check.isPending} onClick={() => check.mutate({})}>
                {t("settings.mail.check")}
              </Button>
            </>
          )}
          <Button type="submit" disabled={!isChanged || !parsed.success} loading={save.isPending}>
            {t("ui.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
