import "@xterm/xterm/css/xterm.css";
import {
  Button,
  Code,
  Group,
  SegmentedControl,
  Skeleton,
  Slider,
  Stack,
  Text,
  useComputedColorScheme,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Terminal } from "@xterm/xterm";
import { useEffect, useRef, useState } from "react";
import { type Cast, readCast, transcriptOf } from "../../shared/terminal/asciicast.ts";
import type { TerminalSession } from "../../shared/terminal/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { saveFile } from "../ui/save-file.ts";
import { FONT, themeOf } from "./look.ts";
import classes from "./terminal.module.css";

interface Props {
  readonly session: TerminalSession;
  readonly onClose: () => void;
}

/** A recording as it was shown, with its transcript and its hash. */
export function ReplayDialog({ session, onClose }: Props) {
  const { t } = useWords();
  const api = useApi();
  const recording = useQuery({
    queryKey: ["terminal-recording", session.id, session.endedAt],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    queryFn: async () => {
      let text = "";
      for (let from: number | null = 0; from !== null; ) {
        const part: { text: string; next: number | null } = await api.terminal.recording.call({
          sessionId: session.id,
          from,
        });
        text += part.text;
        from = part.next;
      }
      return { text, cast: readCast(text) };
    },
  });
  const name = `${session.tenantSlug}-${session.kind}-${session.startedAt.toISOString().replace(/[:.]/g, "-")}`;
  return (
    <Dialog
      opened
      onClose={onClose}
      size="xl"
      title={t("terminal.replayOf", { tenant: session.customer, kind: t(`kind.${session.kind}`) })}
    >
      <Stack gap="xs">
        <Text size="sm">
          {session.operator}: {session.reason}
        </Text>
        {session.error && <Text size="sm">{session.error.message}</Text>}
        {recording.error ? (
          <Failure error={recording.error} />
        ) : recording.data ? (
          <>
            <Player cast={recording.data.cast} />
            <Group gap="xs" justify="flex-end">
              <Button
                size="xs"
                variant="default"
                onClick={() => saveFile(`${name}.txt`, transcriptOf(recording.data.cast))}
              >
                {t("terminal.transcript")}
              </Button>
              <Button size="xs" variant="default" onClick={() => saveFile(`${name}.cast`, recording.data.text)}>
                {t("terminal.saveRecording")}
              </Button>
            </Group>
          </>
        ) : (
          <Skeleton height={420} />
        )}
        {session.recording && (
          <Text size="xs" c="dimmed">
            SHA-256 <Code>{session.recording.sha256}</Code> {!session.recording.complete && t("terminal.unrecorded")}
          </Text>
        )}
      </Stack>
    </Dialog>
  );
}

const SPEEDS = ["1", "4", "16"] as const;
const TICK_MS = 50;
/** Pauses of the operator are shortened to this. */
const LONGEST_IDLE_SECONDS = 2;

/** The same entries with long silences cut short. */
function withoutIdle(cast: Cast): Cast["entries"] {
  let before = 0;
  let at = 0;
  return cast.entries.map((entry) => {
    at += Math.min(entry.at - before, LONGEST_IDLE_SECONDS);
    before = entry.at;
    return { ...entry, at };
  });
}

function Player({ cast }: { readonly cast: Cast }) {
  const { t } = useWords();
  const scheme = useComputedColorScheme("light");
  const place = useRef<HTMLDivElement>(null);
  const player = useRef<{ terminal: Terminal; shown: number }>(undefined);
  const [entries] = useState(() => withoutIdle(cast));
  const length = entries.at(-1)?.at ?? 0;
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(true);
  const [speed, setSpeed] = useState<string>("1");

  useEffect(() => {
    const terminal = new Terminal({
      cols: cast.columns,
      rows: cast.rows,
      fontFamily: FONT,
      fontSize: 12,
      disableStdin: true,
      minimumContrastRatio: 4.5,
      screenReaderMode: false,
    });
    if (place.current) terminal.open(place.current);
    terminal.textarea?.setAttribute("aria-label", t("terminal.replayScreen"));
    player.current = { terminal, shown: 0 };
    return () => terminal.dispose();
  }, [cast, t]);

  useEffect(() => {
    if (player.current) player.current.terminal.options.theme = themeOf(scheme);
  }, [scheme]);

  // Everything up to `at`; going back starts from a blank screen.
  useEffect(() => {
    const now = player.current;
    if (!now) return;
    if (now.shown > 0 && (entries[now.shown - 1]?.at ?? 0) > at) {
      now.terminal.reset();
      now.shown = 0;
    }
    for (let next = entries[now.shown]; next && next.at <= at; next = entries[now.shown]) {
      now.shown++;
      if (next.type === "o") now.terminal.write(next.text);
      else if (next.type === "m") now.terminal.write(`\r\n\u001b[7m ${next.text} \u001b[0m\r\n`);
      else if (next.type === "r") {
        const [columns = 0, rows = 0] = next.text.split("x").map(Number);
        if (columns > 1 && rows > 0 && columns <= 1000 && rows <= 1000) now.terminal.resize(columns, rows);
      }
    }
  }, [at, entries]);

  useEffect(() => {
    if (!playing) return;
    let lastTick = performance.now(); // a busy window ticks late
    const timer = setInterval(() => {
      const now = performance.now();
      const passed = (now - lastTick) / SECOND_MS;
      lastTick = now;
      setAt((before) => Math.min(before + passed * Number(speed), length));
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [playing, speed, length]);

  const ended = at >= length;
  return (
    <Stack gap={6}>
      <div className={classes.replay} style={{ overflow: "auto" }} ref={place} />
      <Group gap="sm" wrap="nowrap">
        <Button
          size="xs"
          onClick={() => {
            if (ended) setAt(0);
            setPlaying(ended || !playing);
          }}
        >
          {t(playing && !ended ? "terminal.pause" : "terminal.play")}
        </Button>
        <Slider
          style={{ flex: 1 }}
          thumbLabel={t("terminal.position")}
          min={0}
          max={Math.max(length, 0.1)}
          step={0.1}
          value={at}
          onChange={setAt}
          label={(value) => `${Math.round(value)} s`}
        />
        <SegmentedControl
          size="xs"
          aria-label={t("terminal.speed")}
          data={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
          value={speed}
          onChange={setSpeed}
        />
      </Group>
    </Stack>
  );
}
