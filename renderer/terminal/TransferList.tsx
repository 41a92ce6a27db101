import { ActionIcon, Button, Group, Progress, Text, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlayerPause, IconPlayerPlay, IconX } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import { useWords } from "../app/i18n/index.ts";
import { sentenceWords } from "../app/i18n/sentences.ts";
import { bytes, percent } from "../ui/format.ts";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import classes from "./terminal.module.css";
import { type TransferCalls, type TransferPhase, type TransferView, transfers } from "./transfers.ts";
import { plain } from "./words.ts";

const TONES: Readonly<Record<TransferPhase, Tone>> = {
  running: "busy",
  paused: "idle",
  reconnecting: "warning",
  done: "good",
  failed: "bad",
  cancelled: "idle",
};
const OVER: readonly TransferPhase[] = ["done", "failed", "cancelled"];

interface Props {
  readonly sessionId: string;
  readonly calls: TransferCalls;
}

/** Files on their way in a session, and those that arrived. */
export function TransferList({ sessionId, calls }: Props) {
  const { t } = useWords();
  const own = useSyncExternalStore(transfers.subscribe, transfers.views).filter((one) => one.sessionId === sessionId);
  if (own.length === 0) return null;
  return (
    <div className={classes.transfers}>
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {t("files.transfers")}
        </Text>
        {own.some(({ phase }) => OVER.includes(phase)) && (
          <Button size="compact-xs" variant="subtle" onClick={() => transfers.clear()}>
            {t("files.clear")}
          </Button>
        )}
      </Group>
      <ul aria-label={t("files.transfers")}>
        {own.map((one) => (
          <Line key={one.id} one={one} calls={calls} />
        ))}
      </ul>
    </div>
  );
}

function Line({ one, calls }: { readonly one: TransferView; readonly calls: TransferCalls }) {
  const { t, language } = useWords();
  const Icon = one.direction === "up" ? IconArrowUp : IconArrowDown;
  const name = plain(one.name);
  const share = one.size === 0 ? 100 : (one.bytes / one.size) * 100;
  const tool = (label: string, icon: React.ReactNode, act: () => void) => (
    <Tooltip label={label} withArrow>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={act}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  return (
    <li>
      <Group gap={6} wrap="nowrap">
        <Icon size={14} role="img" aria-label={t(one.direction === "up" ? "files.upload" : "files.download")} />
        <Text size="sm" truncate flex={1} title={name}>
          {name}
        </Text>
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          {bytes(one.bytes, language)} / {bytes(one.size, language)}
          {one.rate !== null && ` · ${t("files.rate", { rate: bytes(one.rate, language) })}`}
        </Text>
        <StateBadge
          tone={TONES[one.phase]}
          label={t(`files.phase.${one.phase}`)}
          title={one.sha256 ? `SHA-256 ${one.sha256}` : undefined}
        />
        {one.phase === "running" &&
          tool(t("files.pauseOf", { name }), <IconPlayerPause size={14} />, () => transfers.pause(one.id))}
        {one.phase === "paused" &&
          tool(t("files.resumeOf", { name }), <IconPlayerPlay size={14} />, () => transfers.resume(one.id))}
        {!OVER.includes(one.phase) &&
          tool(t("files.cancelOf", { name }), <IconX size={14} />, () => void transfers.cancel(calls, one.id))}
      </Group>
      {!OVER.includes(one.phase) && (
        <Progress
          value={share}
          size="sm"
          aria-label={t("files.progressOf", { name })}
          aria-valuetext={percent(share, language)}
        />
      )}
      {one.message && (
        <Text size="xs" role="status">
          {sentenceWords(one.message, language)}
        </Text>
      )}
    </li>
  );
}
