import { Anchor, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { RestoreCase } from "../../shared/restore/model.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { TenantNav } from "../app/TenantNav.tsx";
import { shortDateTime } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { OrderForm } from "./OrderForm.tsx";
import { RefreshForm } from "./RefreshForm.tsx";
import { RestoreStateBadge } from "./RestoreStateBadge.tsx";
import classes from "./restore.module.css";
import { targetWords } from "./target-words.ts";

/** What of one tenant was restored, and the way to a new restore or refresh. */
export function RestorePage({ slug }: { readonly slug: string }) {
  const { t } = useWords();
  const api = useApi();
  const tenant = useQuery(api.tenant.get.queryOptions({ input: { tenant: slug } }));
  const cases = useQuery(api.restore.list.queryOptions({ input: { tenant: slug } }));
  const error = tenant.error ?? cases.error;
  return (
    <Page
      title={tenant.data ? t("restore.title", { customer: tenant.data.customer }) : t("screen.restore")}
      lab={tenant.data?.isLab ?? false}
      below={<TenantNav slug={slug} />}
      above={<BackLink to={paths.fleet}>{t("screen.fleet")}</BackLink>}
    >
      {error && !(tenant.data && cases.data) ? (
        <Failure error={error} onRetry={() => void Promise.all([tenant.refetch(), cases.refetch()])} />
      ) : tenant.data && cases.data ? (
        <Body tenant={tenant.data} cases={cases.data} />
      ) : (
        <Skeleton height={420} aria-busy="true" />
      )}
    </Page>
  );
}

function Body({ tenant, cases }: { readonly tenant: Tenant; readonly cases: readonly RestoreCase[] }) {
  const { t } = useWords();
  return (
    <Stack gap="sm">
      <Panel title={t("restore.cases")}>
        <Cases cases={cases} />
      </Panel>
      <OrderForm tenant={tenant} />
      {tenant.environments.some(({ kind }) => kind !== "production") && <RefreshForm tenant={tenant} />}
    </Stack>
  );
}

function Cases({ cases }: { readonly cases: readonly RestoreCase[] }) {
  const { t, language } = useWords();
  const heads = ["target", "state", "reason", "started", "kept"] as const;
  if (cases.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {t("restore.cases.none")}
      </Text>
    );
  return (
    <div className={classes.scroll}>
      <Table verticalSpacing={3}>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head) => (
              <Table.Th key={head}>{t(`restore.column.${head}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {cases.map((one) => {
            const until = one.state === "ready" ? one.keptUntil : one.kept && !one.kept.isGone ? one.kept.until : null;
            return (
              <Table.Tr key={one.id}>
                <Table.Td>
                  <Anchor component={Link} href={paths.restoreCase(one.id)} size="sm">
                    {t(one.purpose === "refresh" ? "restore.refreshTitle" : "restore.caseTitle", {
                      target: targetWords(t, one),
                    })}
                  </Anchor>
                </Table.Td>
                <Table.Td>
                  <RestoreStateBadge one={one} />
                </Table.Td>
                <Table.Td>{one.purpose === "refresh" ? "–" : t(`restore.reasonKind.${one.reason}`)}</Table.Td>
                <Table.Td>
                  <RelativeTime date={one.createdAt} />
                </Table.Td>
                <Table.Td>{until ? shortDateTime(until, language) : "–"}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}
