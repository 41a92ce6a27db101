import { Button, Group, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import type { RestorePlan } from "../../shared/restore/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { VerdictList } from "../app/VerdictList.tsx";
import { LossTable } from "./LossTable.tsx";
import classes from "./restore.module.css";

interface Props {
  readonly plan: RestorePlan;
  readonly target: string;
  readonly overrides: Readonly<Record<string, string>>;
  readonly onOverride: (rule: string, reason: string) => void;
  readonly onRemedy?: (version: string) => void;
  readonly onPlanAgain: () => void;
  /** The act that the plan leads to. */
  readonly children: ReactNode;
}

/** What the rules say, whose data it is, and what the target would lose: all of it before anything is made. */
export function PlanView({ plan, target, overrides, onOverride, onRemedy, onPlanAgain, children }: Props) {
  const { t } = useWords();
  const { remedy, losses, identity } = plan;
  const given = Object.values(overrides).some((reason) => reason.trim() !== "");
  return (
    <Stack gap="sm" component="section" aria-label={t("restore.plan")}>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Stack gap={8}>
          <Title order={3} size="h6">
            {t("restore.plan")}
          </Title>
          <VerdictList verdicts={plan.verdicts} overrides={overrides} onOverride={onOverride} />
          <Group gap="xs">
            {given && !plan.allowed && (
              <Button size="xs" variant="default" onClick={onPlanAgain}>
                {t("restore.makePlan")}
              </Button>
            )}
            {remedy && onRemedy && (
              <Button size="xs" variant="light" onClick={() => onRemedy(remedy.onVersion)}>
                {t("restore.remedy", { version: remedy.onVersion })}
              </Button>
            )}
          </Group>
        </Stack>
        <Stack gap={8}>
          {identity.length > 0 && (
            <>
              <Title order={3} size="h6">
                {t("restore.identity")}
              </Title>
              <Table verticalSpacing={3}>
                <Table.Thead>
                  <Table.Tr>
                    {(["side", "tenant", "system", "licence"] as const).map((head) => (
                      <Table.Th key={head}>{t(`restore.column.${head}`)}</Table.Th>
                    ))}
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {identity.map((one) => (
                    <Table.Tr key={one.side}>
                      <Table.Td>{t(`restore.side.${one.side}`)}</Table.Td>
                      {[one.tenantId, one.systemIdentifier, one.licence].map((value, index) => (
                        <Table.Td key={index} className={classes.code ?? ""} title={value ?? undefined}>
                          {value ? value.slice(0, 12) : "–"}
                        </Table.Td>
                      ))}
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </>
          )}
          {plan.target && (
            <>
              <Title order={3} size="h6">
                {t("restore.losses", { target })}
              </Title>
              {losses ? (
                <LossTable losses={losses} />
              ) : (
                <Text size="sm" c="dimmed">
                  {t("restore.losses.none")}
                </Text>
              )}
            </>
          )}
        </Stack>
      </SimpleGrid>
      {children}
    </Stack>
  );
}
