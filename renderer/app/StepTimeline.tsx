import { Skeleton } from "@mantine/core";
import { IconCircleCheckFilled, IconCircleDashed, IconCircleXFilled, IconProgress } from "@tabler/icons-react";
import type { JobStep } from "../../shared/jobs/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { useNow } from "../ui/clock.ts";
import { duration } from "../ui/format.ts";
import { Failure } from "./Failure.tsx";
import { useWords } from "./i18n/index.ts";
import { detailWords } from "./i18n/sentences.ts";
import { stepWords } from "./job-words.ts";
import classes from "./StepTimeline.module.css";

const ICONS = {
  pending: IconCircleDashed,
  running: IconProgress,
  done: IconCircleCheckFilled,
  failed: IconCircleXFilled,
};

/** The few steps around the one that runs or failed, for a page that is about something else. */
export function stepsAround(steps: readonly JobStep[], before = 1, after = 2): readonly JobStep[] {
  const current = steps.findLastIndex(({ state }) => state !== "pending");
  const start = Math.max(0, current - before);
  return steps.slice(start, Math.max(current, 0) + after + 1);
}

/** The steps of a job from top to bottom, as they happen. */
export function StepTimeline({
  steps,
  errors = true,
}: {
  readonly steps: readonly JobStep[];
  readonly errors?: boolean;
}) {
  const { t, language } = useWords();
  return (
    <ol className={classes.steps} aria-label={t("jobs.steps")}>
      {steps.map((step) => {
        const Icon = ICONS[step.state];
        const detail = step.detail ? detailWords(step.detail, language) : undefined;
        return (
          <li key={step.position} className={classes.step} data-state={step.state}>
            <Icon size={16} className={classes.icon ?? ""} role="img" aria-label={t(`stepState.${step.state}`)} />
            <span className={classes.name}>{stepWords(t, step.name)}</span>
            <span className={classes.detail} title={detail}>
              {detail}
            </span>
            <span className={classes.attempts}>
              {step.attempts > 1 && t("jobs.attempts", { count: step.attempts })}
            </span>
            <span className={classes.time}>
              <StepTime step={step} />
            </span>
            {errors && step.error && (
              <div className={classes.error}>
                <Failure error={step.error} />
              </div>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function StepTime({ step }: { readonly step: JobStep }) {
  const { language } = useWords();
  if (!step.startedAt) return null;
  if (step.endedAt) return duration(step.endedAt.getTime() - step.startedAt.getTime(), language);
  return step.state === "running" ? <Since date={step.startedAt} /> : null;
}

/** Counts up by the second. */
export function Since({ date }: { readonly date: Date }) {
  const { language } = useWords();
  const now = useNow("fast");
  return duration(Math.max(0, Math.floor((now - date.getTime()) / SECOND_MS) * SECOND_MS), language);
}

export function StepSkeleton() {
  return (
    <div className={classes.steps} aria-busy="true">
      {Array.from({ length: 10 }, (_, index) => (
        <div key={index} className={classes.step}>
          <Skeleton circle height={16} />
          <Skeleton height={10} width={160 + ((index * 37) % 60)} />
        </div>
      ))}
    </div>
  );
}
