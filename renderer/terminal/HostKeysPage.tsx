import { Alert, Anchor, Button, Group, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconAlertTriangle, IconRefresh } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import type { HostKeyLook, HostKeyPrint, HostKeyReport, PinnedHostKey } from "../../shared/terminal/host-keys.ts";
import { useApi } from "../app/api.ts";
import { KindBadge } from "../app/badges.tsx";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { Page } from "../app/Page.tsx";
import { paths } from "../app/paths.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Panel } from "../ui/Panel.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import { RepinDialog } from "./RepinDialog.tsx";

const TONES: Readonly<Record<NonNullable<HostKeyLook["verdict"]>, Tone>> = {
  match: "good",
  newAlgorithm: "warning",
  changedByOwnJob: "good",
  changedUnexplained: "bad",
};

/** By which keys an environment's host is trusted, how each came to be, and the only way to trust another. */
export function HostKeysPage({ environmentId }: { readonly environmentId: string }) {
  const { t } = useWords();
  const api = useApi();
  const report = useQuery(api.terminal.hostKeys.queryOptions({ input: { environmentId } }));
  const look = useMutation(api.terminal.lookAtHostKeys.mutationOptions());
  const [repinning, setRepinning] = useState<readonly HostKeyPrint[]>();
  const { data } = report;
  const offered =
    look.data?.verdict === "changedUnexplained" ? (look.data.shown.keys ?? []) : (data?.alarm?.offered ?? []);
  return (
    <Page
      title={t("hostKeys.title")}
      {...(data && {
        above: (
          <Anchor component={Link} href={paths.tenant(data.tenantSlug)} size="sm">
            {data.customer}
          </Anchor>
        ),
        beside: <KindBadge kind={data.kind} />,
      })}
      actions={
        <Button
          size="xs"
          leftSection={<IconRefresh size={15} aria-hidden />}
          loading={look.isPending}
          onClick={() => look.mutate({ environmentId })}
        >
          {t("hostKeys.lookNow")}
        </Button>
      }
    >
      {report.error && !data && <Failure error={report.error} onRetry={() => void report.refetch()} />}
      {report.isPending && <Skeleton height={240} aria-label={t("hostKeys.title")} />}
      {data && (
        <Stack gap="sm">
          {data.alarm && <Alarm alarm={data.alarm} />}
          {offered.length > 0 && (
            <Group>
              <Button size="xs" color="red" variant="light" onClick={() => setRepinning(offered)}>
                {t("hostKeys.repin")}
              </Button>
            </Group>
          )}
          {look.error && <Failure error={look.error} />}
          {look.data && <Look look={look.data} />}
          <Panel title={t("hostKeys.pinned")}>
            <Text size="sm" c="dimmed" mb={6}>
              {t("hostKeys.pinnedHint", { host: data.host })}
            </Text>
            <Pins pins={data.pinned} label={t("hostKeys.pinned")} none={t("hostKeys.noPins")} />
          </Panel>
          <Panel title={t("hostKeys.past")}>
            <Pins pins={data.past} label={t("hostKeys.past")} none={t("hostKeys.noPast")} />
          </Panel>
        </Stack>
      )}
      {data && repinning && (
        <RepinDialog
          report={data}
          offered={repinning}
          onClose={() => setRepinning(undefined)}
          onPinned={() => {
            setRepinning(undefined);
            look.reset();
            void report.refetch();
          }}
        />
      )}
    </Page>
  );
}

function Alarm({ alarm }: { readonly alarm: NonNullable<HostKeyReport["alarm"]> }) {
  const { t } = useWords();
  return (
    <Alert color="red" icon={<IconAlertTriangle size={18} aria-hidden />} title={t("hostKeys.blocked")} role="alert">
      <Text size="sm">{t("hostKeys.blockedHint", { count: alarm.times })}</Text>
      <Text size="sm">
        {t("hostKeys.since")} <RelativeTime date={alarm.firstAt} />
      </Text>
      <Prints keys={alarm.offered} />
    </Alert>
  );
}

function Look({ look }: { readonly look: HostKeyLook }) {
  const { t, language } = useWords();
  const reading = (title: string, read: HostKeyLook["shown"], none: string): ReactNode => (
    <div>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      {read.error && <Text size="sm">{sentenceWords(read.error.message, language)}</Text>}
      {read.keys?.length === 0 && <Text size="sm">{none}</Text>}
      {read.keys && <Prints keys={read.keys} />}
    </div>
  );
  return (
    <Panel title={t("hostKeys.lookTitle")}>
      <Stack gap="xs" role="status">
        {look.verdict && <StateBadge tone={TONES[look.verdict]} label={t(`hostKeys.verdict.${look.verdict}`)} />}
        {reading(t("hostKeys.shown"), look.shown, t("hostKeys.nothingShown"))}
        {reading(t("hostKeys.printed"), look.printed, t("hostKeys.nothingPrinted"))}
      </Stack>
    </Panel>
  );
}

function Prints({ keys }: { readonly keys: readonly HostKeyPrint[] }) {
  return keys.map(({ algorithm, fingerprint }) => (
    <Fingerprint key={fingerprint} algorithm={algorithm} fingerprint={fingerprint} />
  ));
}

function Fingerprint({ algorithm, fingerprint }: { readonly algorithm: string | null; readonly fingerprint: string }) {
  const { t } = useWords();
  return (
    <Group gap={6} wrap="nowrap">
      {algorithm && (
        <Text size="sm" component="span">
          {algorithm}
        </Text>
      )}
      <Text size="sm" ff="monospace" component="span" style={{ overflowWrap: "anywhere" }}>
        {fingerprint}
      </Text>
      <CopyButton value={fingerprint} what={t("hostKeys.fingerprint")} />
    </Group>
  );
}

function Pins({
  pins,
  label,
  none,
}: {
  readonly pins: readonly PinnedHostKey[];
  readonly label: string;
  readonly none: string;
}) {
  const { t } = useWords();
  if (pins.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    );
  }
  return (
    <Table aria-label={label} verticalSpacing={4} horizontalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("hostKeys.fingerprint")}</Table.Th>
          <Table.Th>{t("hostKeys.pinnedAt")}</Table.Th>
          <Table.Th>{t("hostKeys.how")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {pins.map((pin) => (
          <Table.Tr key={`${pin.fingerprint} ${pin.pinnedAt?.toISOString()}`}>
            <Table.Td>
              <Fingerprint algorithm={pin.algorithm} fingerprint={pin.fingerprint} />
            </Table.Td>
            <Table.Td>{pin.pinnedAt ? <RelativeTime date={pin.pinnedAt} /> : "–"}</Table.Td>
            <Table.Td>
              <How pin={pin} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function How({ pin }: { readonly pin: PinnedHostKey }) {
  const { t } = useWords();
  return (
    <>
      <Text size="sm">{t(`hostKeys.by.${pin.how}`, { operator: pin.operator ?? "" })}</Text>
      {pin.jobId && (
        <Anchor component={Link} href={paths.job(pin.jobId)} size="sm">
          {t("hostKeys.job")}
        </Anchor>
      )}
      {pin.reason && <Text size="sm">{pin.reason}</Text>}
      {pin.secondLook && (
        <Text size="sm" c="dimmed">
          {pin.secondLook.kind === "console"
            ? t("hostKeys.seenConsole")
            : t("hostKeys.seenBy", { name: pin.secondLook.name })}
        </Text>
      )}
      {pin.retiredAt && (
        <Text size="sm" c="dimmed">
          {t("hostKeys.retired")} <RelativeTime date={pin.retiredAt} />
        </Text>
      )}
    </>
  );
}
