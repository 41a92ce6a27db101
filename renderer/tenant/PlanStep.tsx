import { Skeleton, Stack, Table, Text, Title } from "@mantine/core";
import { profileOf } from "../../shared/policy/profiles.ts";
import type { ProvisionPlan } from "../../shared/tenant/model.ts";
import { KindBadge } from "../app/badges.tsx";
import { useWords } from "../app/i18n/index.ts";
import { detailWords } from "../app/i18n/sentences.ts";
import { stepWords } from "../app/job-words.ts";
import { Fact, FactList } from "../ui/FactList.tsx";
import { shortDateTime } from "../ui/format.ts";
import type { Order } from "./draft.ts";
import classes from "./PlanStep.module.css";

interface Props {
  readonly order: Order;
  readonly plan: ProvisionPlan | undefined;
  readonly loading: boolean;
}

/** All that will be made and done, before anything is. */
export function PlanStep({ order, plan, loading }: Props) {
  const { t, language } = useWords();
  if (!plan) return loading ? <Skeleton height={320} /> : <Text size="sm">{t("wizard.fillIn")}</Text>;
  return (
    <Stack gap="sm">
      <FactList>
        <Fact label={t("wizard.customer")}>
          {order.customer} ({t(`service.${order.service}`)}, {t(`edition.${order.edition}`)})
        </Fact>
        <Fact label={t("tenant.url")}>{`https://${order.prefix}.${profileOf(order.service).domain.suffix}`}</Fact>
        <Fact label={t("tenant.version")}>
          {order.version}, {order.region}
        </Fact>
        <Fact label={t("tenant.handOver")}>
          {t("wizard.handOver", {
            target: shortDateTime(plan.handOver.targetAt, language, order.zone),
            limit: shortDateTime(plan.handOver.limitAt, language, order.zone),
          })}
        </Fact>
      </FactList>
      <div>
        <Title order={3} size="h5">
          {t("wizard.resources")}
        </Title>
        <Table verticalSpacing={3} fz="sm">
          <Table.Tbody>
            {plan.resources.map((resource) => (
              <Table.Tr key={resource.key}>
                <Table.Td w={100}>
                  <KindBadge kind={resource.environment} />
                </Table.Td>
                <Table.Td>{t(`resource.${resource.type}`)}</Table.Td>
                <Table.Td className={classes.break ?? ""}>{resource.name}</Table.Td>
                <Table.Td className={classes.detail ?? ""}>{detailWords(resource.detail, language)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <div>
        <Title order={3} size="h5">
          {t("wizard.steps")} ({t("wizard.stepCount", { count: plan.steps.length })})
        </Title>
        <ol className={classes.steps}>
          {plan.steps.map((step) => (
            <li key={step}>{stepWords(t, step)}</li>
          ))}
        </ol>
      </div>
    </Stack>
  );
}
