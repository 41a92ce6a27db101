import { Button, Group, Select, SimpleGrid, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import type { RefreshOrder } from "../../shared/restore/model.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { paths } from "../app/paths.ts";
import { Panel } from "../ui/Panel.tsx";
import { PlanView } from "./PlanView.tsx";

/** First phase of a refresh: planned, and prepared beside the test environment. */
export function RefreshForm({ tenant }: { readonly tenant: Tenant }) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [target, setTarget] = useState<RefreshOrder["target"] | null>(null);
  const [fee, setFee] = useState("");
  const [overrides, setOverrides] = useState<Record<string, string>>({});
  const [requestId] = useState(() => crypto.randomUUID()); // one intent, however often it is sent
  const plan = useMutation(api.restore.refreshPlan.mutationOptions());
  const refresh = useMutation(
    api.restore.refresh.mutationOptions({ onSuccess: ({ caseId }) => navigate(paths.restoreCase(caseId)) }),
  );
  const order = target && {
    ...{ tenant: tenant.slug, target, fee: fee.trim() || null, keepDays: 7, overrides },
  };
  const kinds = tenant.environments.map(({ kind }) => kind).filter((kind) => kind !== "production");
  return (
    <Panel title={t("restore.refresh")}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t("restore.refresh.hint")}
        </Text>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
          <Select
            label={t("restore.refresh.target")}
            placeholder={t("restore.target.choose")}
            data={kinds.map((value) => ({ value, label: t(`kind.${value}`) }))}
            value={target}
            onChange={(value) => {
              setTarget(value as RefreshOrder["target"] | null);
              plan.reset();
            }}
          />
          <TextInput
            label={t("restore.paper.fee")}
            maxLength={300}
            value={fee}
            onChange={(event) => {
              setFee(event.currentTarget.value);
              plan.reset();
            }}
          />
        </SimpleGrid>
        <Group>
          <Button
            variant="default"
            disabled={!order}
            loading={plan.isPending}
            onClick={() => order && plan.mutate(order)}
          >
            {t("restore.makePlan")}
          </Button>
        </Group>
        {plan.error && <Failure error={plan.error} />}
        {plan.isPending && <Skeleton height={160} aria-busy="true" />}
        {plan.data && order && (
          <PlanView
            plan={plan.data}
            target={`${tenant.slug} ${order.target}`}
            overrides={overrides}
            onOverride={(rule, reason) => setOverrides({ ...overrides, [rule]: reason })}
            onPlanAgain={() => plan.mutate(order)}
          >
            {refresh.error && <Failure error={refresh.error} />}
            <Group>
              <Button
                disabled={!plan.data.allowed}
                loading={refresh.isPending}
                onClick={() => refresh.mutate({ ...order, requestId })}
              >
                {t("restore.refresh.prepare")}
              </Button>
            </Group>
          </PlanView>
        )}
      </Stack>
    </Panel>
  );
}
