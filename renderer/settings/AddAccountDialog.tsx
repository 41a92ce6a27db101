import { Button, Fieldset, Group, PasswordInput, SegmentedControl, Stack, TagsInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { AccountInput } from "../../shared/settings/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { type MessageKey, useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";

interface Props {
  readonly opened: boolean;
  readonly onClose: () => void;
}

export function AddAccountDialog({ opened, onClose }: Props) {
  const { t } = useWords();
  return (
    <Dialog opened={opened} onClose={onClose} title={t("settings.accounts.add")} size="lg">
      <AccountForm onClose={onClose} />
    </Dialog>
  );
}

const EMPTY = {
  name: "",
  kind: "profile" as "profile" | "keys",
  profile: "default",
  accessKeyId: "",
  secretAccessKey: "",
  sessionToken: "",
  regions: [] as string[],
  ec2: "",
  s3: "",
  sts: "",
  caFile: "",
};
type Form = typeof EMPTY;

/** What the console would be asked to keep; the keys go into its vault and never come back. */
function inputOf(form: Form): AccountInput | null {
  const credentials =
    form.kind === "profile"
      ? { kind: "profile", profile: form.profile.trim() }
      : {
          kind: "keys",
          accessKeyId: form.accessKeyId.trim(),
          secretAccessKey: form.secretAccessKey.trim(),
          ...(form.sessionToken.trim() ? { sessionToken: form.sessionToken.trim() } : {}),
        };
  const endpoints = Object.fromEntries(
    (["ec2", "s3", "sts", "caFile"] as const).flatMap((key) => (form[key].trim() ? [[key, form[key].trim()]] : [])),
  );
  const parsed = AccountInput.safeParse({ name: form.name, credentials, regions: form.regions, endpoints });
  return parsed.success ? parsed.data : null;
}

function AccountForm({ onClose }: Pick<Props, "onClose">) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const [form, setForm] = useState(EMPTY);
  const add = useMutation(
    api.settings.addAccount.mutationOptions({
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: api.settings.key() });
        void cache.invalidateQueries({ queryKey: api.fleet.key() });
        onClose();
      },
    }),
  );
  const input = inputOf(form);
  const field = (key: Exclude<keyof Form, "kind" | "regions">, label: MessageKey) => ({
    label: t(label),
    value: form[key],
    autoComplete: "off",
    spellCheck: false,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => setForm({ ...form, [key]: event.currentTarget.value }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (input) add.mutate(input);
      }}
    >
      <Stack gap="sm">
        <TextInput {...field("name", "settings.accounts.name")} withAsterisk maxLength={60} data-autofocus />
        <SegmentedControl
          aria-label={t("settings.accounts.credentials")}
          value={form.kind}
          onChange={(kind) => setForm({ ...form, kind: kind === "keys" ? "keys" : "profile" })}
          data={[
            { value: "profile", label: t("settings.accounts.byProfile") },
            { value: "keys", label: t("settings.accounts.byKeys") },
          ]}
        />
        {form.kind === "profile" ? (
          <TextInput {...field("profile", "settings.accounts.profile")} withAsterisk />
        ) : (
          <>
            <TextInput {...field("accessKeyId", "settings.accounts.accessKeyId")} withAsterisk />
            <PasswordInput {...field("secretAccessKey", "settings.accounts.secretAccessKey")} withAsterisk />
            <PasswordInput {...field("sessionToken", "settings.accounts.sessionToken")} />
          </>
        )}
        <TagsInput
          label={t("settings.accounts.regions")}
          description={t("settings.accounts.regionsHint")}
          withAsterisk
          value={form.regions}
          onChange={(regions) => setForm({ ...form, regions })}
        />
        <Fieldset legend={t("settings.accounts.endpoints")}>
          <Stack gap="xs">
            <TextInput {...field("ec2", "settings.accounts.ec2")} />
            <TextInput {...field("s3", "settings.accounts.s3")} />
            <TextInput {...field("sts", "settings.accounts.sts")} />
            <TextInput {...field("caFile", "settings.accounts.caFile")} />
          </Stack>
        </Fieldset>
        {add.error && <Failure error={add.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" disabled={!input} loading={add.isPending}>
            {t("settings.accounts.add")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
