import { Alert, Button, Group, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconAlertTriangle, IconKey, IconPlus, IconRefresh } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import type { AccessKey, HostReading, KeyDrift, KeyStanding } from "../../shared/access/model.ts";
import { BackLink } from "../app/BackLink.tsx";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { TenantNav } from "../app/TenantNav.tsx";
import { type Column, DataTable } from "../ui/DataTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { GrantDialog } from "./GrantDialog.tsx";
import { RevokeDialog } from "./RevokeDialog.tsx";
import { RotateDialog } from "./RotateDialog.tsx";

const TONES: Readonly<Record<KeyStanding, Tone>> = {
  unknown: "unknown",
  pending: "busy",
  active: "good",
  expiring: "warning",
  expired: "bad",
  missing: "bad",
  lingering: "bad",
  removed: "idle",
};
/** Pixels of each table. */
const AT_MOST = 320;

/** Who may log in where (R102): the register, what the hosts really hold, and who logged in (R101). */
export function AccessPage({ slug }: { readonly slug?: string | undefined }) {
  const { t } = useWords();
  const api = useApi();
  const [, navigate] = useLocation();
  const [dialog, setDialog] = useState<"grant" | "rotate" | AccessKey>();
  const shown = useQuery(api.access.list.queryOptions({ input: slug === undefined ? {} : { tenant: slug } }));
  const fleet = useQuery(api.fleet.list.queryOptions());
  const tenants = useMemo(
    () => [...new Map((fleet.data?.rows ?? []).map((row) => [row.slug, row.customer])).entries()],
    [fleet.data],
  );
  const ending =
    shown.data?.keys.filter(({ standing }) => standing === "expiring" || standing === "expired").length ?? 0;
  const customer = tenants.find(([one]) => one === slug)?.[1];
  return (
    <Page
      title={slug === undefined ? t("access.title") : t("access.titleOf", { customer: customer ?? slug })}
      lab={fleet.data?.rows.some((row) => row.isLab && (slug === undefined || row.slug === slug)) ?? false}
      {...(slug === undefined
        ? {}
        : { above: <BackLink to={paths.fleet}>{t("screen.fleet")}</BackLink>, below: <TenantNav slug={slug} /> })}
      actions={
        <>
          <Select
            size="xs"
            w={220}
            aria-label={t("access.tenant")}
            data={[
              { value: "", label: t("access.all") },
              ...tenants.map(([value, name]) => ({ value, label: `${name} (${value})` })),
            ]}
            value={slug ?? ""}
            onChange={(value) => navigate(value ? paths.tenantAccess(value) : paths.access)}
            searchable
            limit={50}
            allowDeselect={false}
          />
          <Button size="xs" variant="default" leftSection={<IconKey size={15} />} onClick={() => setDialog("rotate")}>
            {t("access.rotate")}
          </Button>
          <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => setDialog("grant")}>
            {t("access.grant")}
          </Button>
        </>
      }
    >
      {shown.error && !shown.data ? (
        <Failure error={shown.error} onRetry={() => void shown.refetch()} />
      ) : (
        <Stack gap="sm">
          {ending > 0 && (
            <Alert color="yellow" icon={<IconAlertTriangle size={18} aria-hidden />} role="status">
              {t("access.expiringNotice", { count: ending })}
            </Alert>
          )}
          <Register keys={shown.data?.keys} loading={shown.isPending} onRevoke={setDialog} />
          <Drift drift={shown.data?.drift} />
          <Readings readings={shown.data?.readings} />
          <Sessions slug={slug} />
        </Stack>
      )}
      {dialog === "grant" && <GrantDialog slug={slug} onClose={() => setDialog(undefined)} />}
      {dialog === "rotate" && <RotateDialog onClose={() => setDialog(undefined)} />}
      {typeof dialog === "object" && <RevokeDialog accessKey={dialog} onClose={() => setDialog(undefined)} />}
    </Page>
  );
}

interface RegisterProps {
  readonly keys: readonly AccessKey[] | undefined;
  readonly loading: boolean;
  readonly onRevoke: (key: AccessKey) => void;
}

function Register({ keys, loading, onRevoke }: RegisterProps) {
  const { t } = useWords();
  const columns = useMemo(
    (): Column<AccessKey>[] => [
      { id: "tenant", header: t("access.column.tenant"), width: 120, grow: 1, cell: (one) => one.tenantSlug },
      { id: "kind", header: t("access.column.kind"), width: 100, cell: (one) => <KindBadge kind={one.kind} /> },
      {
        id: "standing",
        header: t("access.column.standing"),
        width: 150,
        cell: (one) => <StateBadge tone={TONES[one.standing]} label={t(`access.standing.${one.standing}`)} />,
      },
      { id: "owner", header: t("access.owner"), width: 120, grow: 1, cell: (one) => one.owner },
      { id: "approver", header: t("access.approver"), width: 120, grow: 1, cell: (one) => one.approver },
      {
        id: "purpose",
        header: t("access.purpose"),
        width: 140,
        grow: 2,
        cell: (one) => <span title={one.purpose}>{one.purpose}</span>,
      },
      {
        id: "expires",
        header: t("access.expires"),
        width: 120,
        cell: (one) => one.expiresAt && <RelativeTime date={one.expiresAt} />,
      },
      {
        id: "fingerprint",
        header: t("access.column.fingerprint"),
        width: 150,
        grow: 1,
        cell: (one) => <span title={one.fingerprint}>{one.fingerprint}</span>,
      },
      {
        id: "revoke",
        header: t("access.revoke"),
        width: 90,
        cell: (one) =>
          one.standing !== "removed" && (
            <Button size="compact-xs" variant="default" onClick={() => onRevoke(one)}>
              {t("access.revoke")}
            </Button>
          ),
      },
    ],
    [t, onRevoke],
  );
  const items = useMemo(() => (keys ?? []).map((row) => ({ type: "row" as const, key: row.id, row })), [keys]);
  return (
    <Panel title={t("access.keys")}>
      {!loading && items.length === 0 ? (
        <EmptyState title={t("access.noKeys")} hint={t("access.noKeysHint")} />
      ) : (
        <DataTable label={t("access.keys")} columns={columns} items={items} atMost={AT_MOST} loading={loading} />
      )}
    </Panel>
  );
}

function Drift({ drift }: { readonly drift: readonly KeyDrift[] | undefined }) {
  const { t } = useWords();
  if (!drift) return null;
  if (drift.length === 0) {
    return (
      <Panel title={t("access.drift")}>
        <Text size="sm" c="dimmed">
          {t("access.noDrift")}
        </Text>
      </Panel>
    );
  }
  return (
    <Panel title={t("access.drift")}>
      <Alert color="red" icon={<IconAlertTriangle size={18} aria-hidden />} mb="xs">
        {t("access.driftHint")}
      </Alert>
      <Stack gap={4}>
        {drift.map((line) => (
          <Group key={`${line.environmentId} ${line.fingerprint}`} gap="xs">
            <KindBadge kind={line.kind} />
            <Text size="sm" fw={600}>
              {line.tenantSlug}
            </Text>
            <Text size="sm" ff="monospace">
              {line.fingerprint}
            </Text>
            <Text size="sm">{line.comment}</Text>
          </Group>
        ))}
      </Stack>
    </Panel>
  );
}

function Readings({ readings }: { readonly readings: readonly HostReading[] | undefined }) {
  const { t } = useWords();
  const api = useApi();
  const cache = useQueryClient();
  const read = useMutation(
    api.access.read.mutationOptions({ onSuccess: () => void cache.invalidateQueries({ queryKey: api.access.key() }) }),
  );
  const { mutate, isPending, variables } = read;
  const columns = useMemo(
    (): Column<HostReading>[] => [
      { id: "tenant", header: t("access.column.tenant"), width: 140, grow: 2, cell: (one) => one.tenantSlug },
      { id: "kind", header: t("access.column.kind"), width: 100, cell: (one) => <KindBadge kind={one.kind} /> },
      {
        id: "keys",
        header: t("access.column.keys"),
        width: 70,
        align: "right",
        cell: (one) => (one.readAt ? one.keys : ""),
      },
      {
        id: "readAt",
        header: t("access.column.readAt"),
        width: 140,
        cell: (one) => (one.readAt ? <RelativeTime date={one.readAt} /> : t("access.neverRead")),
      },
      {
        id: "read",
        header: t("access.read"),
        width: 120,
        cell: (one) => (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconRefresh size={13} aria-hidden />}
            loading={isPending && variables?.tenant === one.tenantSlug && variables.environment === one.kind}
            onClick={() => mutate({ tenant: one.tenantSlug, environment: one.kind })}
          >
            {t("access.read")}
          </Button>
        ),
      },
    ],
    [t, mutate, isPending, variables],
  );
  const items = useMemo(
    () => (readings ?? []).map((row) => ({ type: "row" as const, key: row.environmentId, row })),
    [readings],
  );
  return (
    <Panel title={t("access.readings")}>
      {read.error && <Failure error={read.error} />}
      <DataTable
        label={t("access.readings")}
        columns={columns}
        items={items}
        atMost={AT_MOST}
        loading={readings === undefined}
      />
    </Panel>
  );
}

function Sessions({ slug }: { readonly slug: string | undefined }) {
  const { t } = useWords();
  const api = useApi();
  const sessions = useQuery(
    api.access.sessions.queryOptions({ input: { limit: 50, ...(slug !== undefined && { tenant: slug }) } }),
  );
  return (
    <Panel title={t("access.sessions")}>
      {sessions.error && !sessions.data ? (
        <Failure error={sessions.error} onRetry={() => void sessions.refetch()} />
      ) : sessions.data?.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t("access.noSessions")}
        </Text>
      ) : (
        <Stack gap={4}>
          {(sessions.data ?? []).map((one) => (
            <Group key={one.id} gap="xs" wrap="nowrap">
              <RelativeTime date={one.startedAt} />
              <KindBadge kind={one.kind} />
              <Text size="sm" fw={600}>
                {one.tenantSlug}
              </Text>
              <Text size="sm">{one.operator}</Text>
              <Text size="sm" c="dimmed" truncate>
                {one.reason}
              </Text>
            </Group>
          ))}
        </Stack>
      )}
    </Panel>
  );
}
