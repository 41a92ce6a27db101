import { Button, Group, NumberInput, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { Act } from "../../shared/tenant/acts.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { VerdictList } from "../app/VerdictList.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import type { ActedOn } from "./ActsMenu.tsx";

interface Props extends ActedOn {
  readonly act: Act;
  readonly onClose: () => void;
}

const WITH_REASON: ReadonlySet<Act> = new Set<Act>(["lockOut", "unlock"]);

/** One act: what it does, what the contract says, a reason where it is kept, the name typed where it interrupts. */
export function ActDialog({ act, tenant, environment, onClose }: Props) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [requestId] = useState(() => crypto.randomUUID()); // one intent, however often it is sent
  const [reason, setReason] = useState("");
  const [minutes, setMinutes] = useState(30);
  const [typed, setTyped] = useState("");
  const [overrides, setOverrides] = useState<Record<string, string>>({});
  const target = { tenant: tenant.slug, environment: environment.kind };
  const plan = useQuery(
    api.tenant.planAct.queryOptions({ input: { ...target, act, overrides }, placeholderData: keepPreviousData }),
  );
  const done = {
    onSuccess: ({ jobId }: { jobId: string }) => {
      onClose();
      navigate(paths.job(jobId));
    },
  };
  const start = useMutation(api.tenant.start.mutationOptions(done));
  const stop = useMutation(api.tenant.stop.mutationOptions(done));
  const reboot = useMutation(api.tenant.reboot.mutationOptions(done));
  const lockOut = useMutation(api.tenant.lockOut.mutationOptions(done));
  const unlock = useMutation(api.tenant.unlock.mutationOptions(done));
  const renew = useMutation(api.tenant.renewCertificate.mutationOptions(done));
  const mutation = { start, stop, reboot, lockOut, unlock, renewCertificate: renew }[act];

  function submit(event: React.FormEvent) {
    event.preventDefault();
    const order = { requestId, ...target };
    if (act === "start") start.mutate(order);
    else if (act === "stop") stop.mutate({ ...order, confirm: typed, overrides });
    else if (act === "reboot") reboot.mutate({ ...order, confirm: typed, overrides });
    else if (act === "lockOut") lockOut.mutate({ ...order, minutes, reason, overrides });
    else if (act === "unlock") unlock.mutate({ ...order, reason });
    else renew.mutate(order);
  }

  const word = plan.data?.confirm ?? null;
  const ready =
    plan.data?.allowed === true &&
    (word === null || typed === word) &&
    (!WITH_REASON.has(act) || reason.trim().length >= 3);
  return (
    <Dialog
      opened
      onClose={onClose}
      title={t("acts.title", {
        act: t(`acts.${act}`),
        customer: tenant.customer,
        environment: t(`kind.${environment.kind}`),
      })}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm">{t(`acts.${act}Body`)}</Text>
          {plan.error ? (
            <Failure error={plan.error} onRetry={() => void plan.refetch()} />
          ) : !plan.data ? (
            <Skeleton height={44} aria-busy="true" />
          ) : (
            plan.data.verdicts.length > 0 && (
              <VerdictList
                verdicts={plan.data.verdicts}
                overrides={overrides}
                onOverride={(rule, text) => setOverrides({ ...overrides, [rule]: text })}
              />
            )
          )}
          {act === "lockOut" && (
            <NumberInput
              label={t("acts.minutes")}
              description={t("acts.minutesHint")}
              value={minutes}
              onChange={(value) => setMinutes(typeof value === "number" ? value : 30)}
              min={1}
              max={10_080}
              w={220}
            />
          )}
          {WITH_REASON.has(act) && (
            <TextInput
              label={t("acts.reason")}
              description={t("acts.reasonHint")}
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              minLength={3}
              maxLength={500}
              required
              data-autofocus
            />
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
          {mutation.error && <Failure error={mutation.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("ui.cancel")}
            </Button>
            <Button
              type="submit"
              {...(act === "stop" ? { color: "red" } : {})}
              disabled={!ready}
              loading={mutation.isPending}
            >
              {t(`acts.${act}`)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
