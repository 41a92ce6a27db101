import { ActionIcon, Button, Group, NumberInput, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import { FAULT_NAMES, type Fault, FaultInput, type LabStatus } from "../../shared/lab/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Panel } from "../ui/Panel.tsx";
import classes from "./LabPage.module.css";

/** Troubles asked for, and the form that asks for one more. */
export function Faults({ lab }: { readonly lab: LabStatus }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const again = () => void cache.invalidateQueries({ queryKey: api.lab.key() });
  const clear = useMutation(api.lab.clearFault.mutationOptions({ onSuccess: again }));
  const clearAll = useMutation(api.lab.clearFaults.mutationOptions({ onSuccess: again }));
  const error = clear.error ?? clearAll.error;
  return (
    <Panel
      title={t("lab.faults")}
      actions={
        lab.faults.length > 1 && (
          <Button size="compact-xs" variant="default" loading={clearAll.isPending} onClick={() => clearAll.mutate({})}>
            {t("lab.faults.clearAll")}
          </Button>
        )
      }
    >
      <Stack gap="xs">
        {lab.faults.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("lab.faults.none")}
          </Text>
        ) : (
          <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
            {lab.faults.map((fault) => (
              <li key={fault.id} className={classes.fault}>
                <FaultWords fault={fault} />
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size="sm"
                  aria-label={t("lab.faults.clear", { fault: t(`lab.faultName.${fault.name}`) })}
                  onClick={() => clear.mutate({ id: fault.id })}
                >
                  <IconX size={14} />
                </ActionIcon>
              </li>
            ))}
          </Stack>
        )}
        {error && <Failure error={error} />}
        <FaultForm lab={lab} onInjected={again} />
      </Stack>
    </Panel>
  );
}

function FaultWords({ fault }: { readonly fault: Fault }) {
  const { t } = useWords();
  const narrowed = [fault.region, fault.instance, fault.action].filter(Boolean).join(" · ");
  return (
    <Text size="sm">
      <b>{t(`lab.faultName.${fault.name}`)}</b> {narrowed}{" "}
      <Text span c="dimmed" size="xs">
        {t("lab.faults.struck", { count: fault.struck })}
      </Text>
    </Text>
  );
}

interface Form {
  readonly name: FaultInput["name"];
  readonly region: string | null;
  readonly instance: string | null;
  readonly action: string;
  readonly count: number | "";
  readonly seconds: number | "";
  readonly percent: number | "";
  readonly delayMs: number | "";
}

const EMPTY: Form = {
  name: "throttle",
  region: null,
  instance: null,
  action: "",
  count: "",
  seconds: "",
  percent: "",
  delayMs: "",
};

function inputOf(form: Form): FaultInput {
  return {
    name: form.name,
    ...(form.region ? { region: form.region } : {}),
    ...(form.instance ? { instance: form.instance } : {}),
    ...(form.action.trim() ? { action: form.action.trim() } : {}),
    ...(form.count === "" ? {} : { count: form.count }),
    ...(form.seconds === "" ? {} : { seconds: form.seconds }),
    ...(form.percent === "" ? {} : { rate: form.percent / 100 }),
    ...(form.delayMs === "" ? {} : { delayMs: form.delayMs }),
  };
}

function FaultForm({ lab, onInjected }: { readonly lab: LabStatus; readonly onInjected: () => void }) {
  const { t } = useWords();
  const api = useApi();
  const [form, setForm] = useState(EMPTY);
  const inject = useMutation(
    api.lab.injectFault.mutationOptions({
      onSuccess: () => {
        onInjected();
        setForm(EMPTY);
      },
    }),
  );
  const number = (key: "count" | "seconds" | "percent" | "delayMs") => ({
    size: "xs" as const,
    min: 0,
    value: form[key],
    onChange: (value: string | number) => setForm({ ...form, [key]: typeof value === "number" ? value : "" }),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        inject.mutate(inputOf(form));
      }}
    >
      <SimpleGrid cols={2} spacing="xs" verticalSpacing={6}>
        <Select
          size="xs"
          label={t("lab.fault.name")}
          allowDeselect={false}
          value={form.name}
          data={FAULT_NAMES.map((name) => ({ value: name, label: t(`lab.faultName.${name}`) }))}
          onChange={(name) => setForm({ ...form, name: FAULT_NAMES.find((one) => one === name) ?? "throttle" })}
        />
        <Select
          size="xs"
          label={t("lab.fault.region")}
          placeholder={t("lab.fault.anyRegion")}
          clearable
          value={form.region}
          data={lab.regions}
          onChange={(region) => setForm({ ...form, region })}
        />
        <Select
          size="xs"
          label={t("lab.fault.instance")}
          placeholder={t("lab.fault.anyInstance")}
          clearable
          searchable
          value={form.instance}
          data={lab.hosts.map(({ instanceId, name }) => ({ value: instanceId, label: `${name} (${instanceId})` }))}
          onChange={(instance) => setForm({ ...form, instance })}
        />
        <TextInput
          size="xs"
          label={t("lab.fault.action")}
          placeholder={t("lab.fault.actionHint")}
          value={form.action}
          onChange={(event) => setForm({ ...form, action: event.currentTarget.value })}
        />
        <NumberInput label={t("lab.fault.count")} placeholder={t("lab.fault.countHint")} {...number("count")} />
        <NumberInput label={t("lab.fault.seconds")} {...number("seconds")} />
        <NumberInput label={t("lab.fault.rate")} max={100} {...number("percent")} />
        <NumberInput label={t("lab.fault.delay")} {...number("delayMs")} />
      </SimpleGrid>
      <Group justify="flex-end" mt="xs">
        <Button type="submit" size="xs" variant="default" loading={inject.isPending}>
          {t("lab.faults.inject")}
        </Button>
      </Group>
      {inject.error && <Failure error={inject.error} />}
    </form>
  );
}
