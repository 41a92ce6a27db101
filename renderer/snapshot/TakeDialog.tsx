import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { TakePlan } from "../../shared/snapshot/model.ts";
import type { EnvironmentKind, Tenant } from "../../shared/tenant/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { VerdictList, VerdictSkeleton } from "../app/VerdictList.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { bytes, shortDateTime } from "../ui/format.ts";

interface Props {
  readonly opened: boolean;
  readonly tenant: Tenant;
  readonly onClose: () => void;
}

export function TakeDialog({ opened, tenant, onClose }: Props) {
  const { t } = useWords();
  return (
    <Dialog
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t("snapshot.dialog.title", { customer: tenant.customer })}
    >
      <TakeForm tenant={tenant} onClose={onClose} />
    </Dialog>
  );
}

const NO_COPY = "-";

function TakeForm({ tenant, onClose }: Omit<Props, "opened">) {
  const { t, language } = useWords();
  const api = useApi();
  const [requestId] = useState(() => crypto.randomUUID());
  const [environment, setEnvironment] = useState<EnvironmentKind>(tenant.environments[0]?.kind ?? "production");
  const [label, setLabel] = useState(() => shortDateTime(new Date(), language));
  /** undefined: as the contract asks. */
  const [copyTo, setCopyTo] = useState<string | null>();
  const [overrides, setOverrides] = useState<Readonly<Record<string, string>>>({});
  const written = Object.fromEntries(Object.entries(overrides).filter(([, reason]) => reason.trim().length >= 3));
  const request = {
    tenant: tenant.slug,
    environment,
    ...(copyTo === undefined ? {} : { copyTo }),
    overrides: written,
  };
  // The label changes no verdict: the host is not asked again for each letter.
  const plan = useQuery({
    ...api.snapshot.plan.queryOptions({ input: { ...request, label: "-" } }),
    placeholderData: (before: TakePlan | undefined) => before,
  });
  const take = useMutation(api.snapshot.take.mutationOptions({ onSuccess: onClose }));
  const regions = plan.data?.copyRegions ?? [];

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        take.mutate({ ...request, label: label.trim(), requestId });
      }}
    >
      <Stack gap="sm">
        <Group grow align="flex-start">
          <Select
            label={t("snapshot.dialog.environment")}
            data={tenant.environments.map(({ kind }) => ({ value: kind, label: t(`kind.${kind}`) }))}
            value={environment}
            allowDeselect={false}
            onChange={(kind) => kind && setEnvironment(kind as EnvironmentKind)}
          />
          <Select
            label={t("snapshot.dialog.copyTo")}
            data={[
              ...regions.map((region) => ({ value: region, label: region })),
              { value: NO_COPY, label: t("snapshot.dialog.noCopy") },
            ]}
            value={plan.data?.copyTo ?? NO_COPY}
            allowDeselect={false}
            disabled={!plan.data}
            onChange={(region) => setCopyTo(region === NO_COPY ? null : region)}
          />
        </Group>
        <TextInput
          label={t("snapshot.dialog.label")}
          description={t("snapshot.dialog.labelHint")}
          value={label}
          maxLength={80}
          required
          data-autofocus
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        {plan.error && !plan.data ? (
          <Failure error={plan.error} onRetry={() => void plan.refetch()} />
        ) : plan.data ? (
          <>
            <VerdictList
              verdicts={plan.data.verdicts}
              overrides={overrides}
              onOverride={(rule, reason) => setOverrides({ ...overrides, [rule]: reason })}
            />
            <div>
              <Text size="sm" fw={600}>
                {t("snapshot.dialog.what")}
              </Text>
              <Text size="sm">
                {t("snapshot.dialog.projected", { size: bytes(plan.data.projectedBytes, language) })}{" "}
                {t("snapshot.dialog.hold", { seconds: plan.data.holdSeconds })}{" "}
                {plan.data.copyTo && t("snapshot.dialog.copy", { region: plan.data.copyTo })}
              </Text>
            </div>
          </>
        ) : (
          <VerdictSkeleton />
        )}
        {take.error && <Failure error={take.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("ui.cancel")}
          </Button>
          <Button type="submit" loading={take.isPending} disabled={!plan.data?.allowed || label.trim() === ""}>
            {t("snapshot.dialog.start")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
