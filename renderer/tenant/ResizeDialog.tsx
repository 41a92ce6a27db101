import { Button, Group, NumberInput, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { ResizePlan } from "../../shared/tenant/acts.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { VerdictList } from "../app/VerdictList.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { mebibytes } from "../ui/format.ts";
import type { ActedOn } from "./ActsMenu.tsx";

/** Another instance type or a larger volume, with what the contract says of it before anything is changed. */
export function ResizeDialog({ tenant, environment, onClose }: ActedOn & { readonly onClose: () => void }) {
  const { t, language } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID());
  const [instanceType, setInstanceType] = useState(environment.instanceType ?? "");
  const [volumeGiB, setVolumeGiB] = useState(environment.volumeGiB ?? 1);
  const [typed, setTyped] = useState("");
  const [overrides, setOverrides] = useState<Record<string, string>>({});
  const input = { tenant: tenant.slug, environment: environment.kind, instanceType, volumeGiB, overrides };
  const isSame = instanceType === environment.instanceType && volumeGiB === environment.volumeGiB;
  const options = useQuery(
    api.tenant.provisionOptions.queryOptions({
      input: { accountId: environment.accountId, region: environment.region },
    }),
  );
  const plan = useQuery(
    api.tenant.planResize.queryOptions({ input, enabled: !isSame, placeholderData: keepPreviousData }),
  );
  const resize = useMutation(
    api.tenant.resize.mutationOptions({
      onSuccess: ({ jobId }) => {
        onClose();
        navigate(paths.job(jobId));
      },
    }),
  );
  const word = environment.kind === "production" && plan.data?.interrupts ? tenant.slug : null;
  const size = (one: ResizePlan["from"]) =>
    `${one.instanceType} (${one.vcpus ?? "?"} vCPU, ${one.memoryMiB === null ? "?" : mebibytes(one.memoryMiB, language)}), ${one.volumeGiB} GiB`;
  return (
    <Dialog
      opened
      onClose={onClose}
      title={t("acts.title", {
        act: t("acts.resize"),
        customer: tenant.customer,
        environment: t(`kind.${environment.kind}`),
      })}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          resize.mutate({ requestId, ...input, confirm: typed });
        }}
      >
        <Stack gap="sm">
          <Group grow align="flex-start">
            <Select
              label={t("acts.instanceType")}
              data={(options.data?.sizes ?? []).map((one) => ({
                value: one.instanceType,
                label: `${one.instanceType}: ${one.vcpus} vCPU, ${mebibytes(one.memoryMiB, language)}`,
              }))}
              value={instanceType}
              onChange={(value) => setInstanceType(value ?? "")}
              searchable
              limit={100}
              allowDeselect={false}
              data-autofocus
            />
            <NumberInput
              label={t("acts.volumeGiB")}
              description={t("acts.volumeHint")}
              inputWrapperOrder={["label", "input", "description", "error"]}
              value={volumeGiB}
              onChange={(value) => setVolumeGiB(typeof value === "number" ? value : (environment.volumeGiB ?? 1))}
              min={environment.volumeGiB ?? 1}
              max={16_384}
            />
          </Group>
          {options.error && <Failure error={options.error} onRetry={() => void options.refetch()} />}
          {!isSame && plan.error && <Failure error={plan.error} onRetry={() => void plan.refetch()} />}
          {!isSame && plan.isPending && <Skeleton height={90} aria-busy="true" />}
          {!isSame && plan.data && (
            <>
              <Text size="sm">{t("acts.fromTo", { from: size(plan.data.from), to: size(plan.data.to) })}</Text>
              <Text size="sm" c="dimmed">
                {t(plan.data.interrupts ? "acts.interrupts" : "acts.noInterruption")}
              </Text>
              <VerdictList
                verdicts={plan.data.verdicts}
                overrides={overrides}
                onOverride={(rule, text) => setOverrides({ ...overrides, [rule]: text })}
              />
            </>
          )}
          {word !== null && (
            <TextInput
              label={t("acts.typeName", { word })}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
            />
          )}
          {resize.error && <Failure error={resize.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button
              type="submit"
              disabled={isSame || !plan.data?.allowed || plan.isFetching || (word !== null && typed !== word)}
              loading={resize.isPending}
            >
              {t("acts.resize")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
