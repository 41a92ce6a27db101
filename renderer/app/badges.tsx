import { Badge, Tooltip } from "@mantine/core";
import type { JobState, StepState } from "../../shared/jobs/model.ts";
import type { EnvironmentKind, EnvironmentState, Health, Service, VersionSupport } from "../../shared/tenant/model.ts";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";
import classes from "./badges.module.css";
import { useWords } from "./i18n/index.ts";
import { detailWords } from "./i18n/sentences.ts";

/** The environment in its colour and in words; production stands out everywhere. */
export function KindBadge({ kind }: { readonly kind: EnvironmentKind }) {
  const { t } = useWords();
  return (
    <span className={classes.kind} data-kind={kind}>
      {t(`kind.${kind}`)}
    </span>
  );
}

export function UnprotectedBadge() {
  const { t } = useWords();
  return (
    <Tooltip label={t("kind.unprotectedHint")} withArrow multiline maw={280}>
      <Badge variant="outline" color="gray" size="sm" radius="sm" tt="none" tabIndex={0}>
        {t("kind.unprotected")}
      </Badge>
    </Tooltip>
  );
}

export function ServiceBadge({ service }: { readonly service: Service }) {
  const { t } = useWords();
  return (
    <Badge variant="default" size="sm" radius="sm" tt="none">
      {t(`service.${service}`)}
    </Badge>
  );
}

const ENVIRONMENT_TONES: Readonly<Record<EnvironmentState, Tone>> = {
  provisioning: "busy",
  running: "good",
  starting: "busy",
  stopping: "busy",
  stopped: "idle",
  terminated: "bad",
  missing: "bad",
  unknown: "unknown",
};

export function EnvironmentStateBadge({ state }: { readonly state: EnvironmentState }) {
  const { t } = useWords();
  return <StateBadge tone={ENVIRONMENT_TONES[state]} label={t(`state.${state}`)} />;
}

const HEALTH_TONES: Readonly<Record<Health["state"], Tone>> = {
  up: "good",
  degraded: "warning",
  down: "bad",
  unknown: "unknown",
};

export function HealthBadge({ health, unprotected }: { readonly health: Health; readonly unprotected: boolean }) {
  const { t, language } = useWords();
  if (unprotected && health.state === "unknown") return <StateBadge tone="unknown" label={t("health.notWatched")} />;
  return (
    <StateBadge
      tone={HEALTH_TONES[health.state]}
      label={t(`health.${health.state}`)}
      title={health.detail ? detailWords(health.detail, language) : undefined}
    />
  );
}

const SUPPORT_TONES: Readonly<Record<VersionSupport["state"], "good" | "warning" | "bad" | "idle">> = {
  current: "good",
  supported: "good",
  last: "warning",
  unsupported: "bad",
  unknown: "idle",
};

/** A version with how long it stays supported. */
export function VersionWords({
  version,
  support,
}: {
  readonly version: string | null;
  readonly support: VersionSupport;
}) {
  const { t } = useWords();
  const leaves = support.leavesInReleases;
  const title =
    leaves === null
      ? t(`support.${support.state}`)
      : leaves === 0
        ? t("support.leavesNext")
        : t("support.leavesIn", { count: leaves });
  if (!version) return <span className={classes.faint}>{t("ui.unknown")}</span>;
  return (
    <span title={title}>
      {version}{" "}
      {support.state !== "unknown" && (
        <span className={classes.support} data-tone={SUPPORT_TONES[support.state]}>
          {t(`support.${support.state}`)}
        </span>
      )}
    </span>
  );
}

export const JOB_TONES: Readonly<Record<JobState, Tone>> = {
  queued: "idle",
  running: "busy",
  waiting: "idle",
  paused: "warning",
  lostContact: "warning",
  needsDecision: "warning",
  done: "good",
  failed: "bad",
  cancelled: "unknown",
};

export function JobStateBadge({ state, title }: { readonly state: JobState; readonly title?: string | undefined }) {
  const { t } = useWords();
  return <StateBadge tone={JOB_TONES[state]} label={t(`jobState.${state}`)} title={title} />;
}

const STEP_TONES: Readonly<Record<StepState, Tone>> = {
  pending: "unknown",
  running: "busy",
  done: "good",
  failed: "bad",
};

export function StepStateBadge({ state }: { readonly state: StepState }) {
  const { t } = useWords();
  return <StateBadge tone={STEP_TONES[state]} label={t(`stepState.${state}`)} />;
}
