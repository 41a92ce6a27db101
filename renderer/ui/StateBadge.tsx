import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconPlayerPause,
  IconProgress,
} from "@tabler/icons-react";
import classes from "./ui.module.css";

export type Tone = "good" | "warning" | "bad" | "busy" | "idle" | "unknown";

const ICONS = {
  good: IconCircleCheck,
  warning: IconAlertTriangle,
  bad: IconCircleX,
  busy: IconProgress,
  idle: IconPlayerPause,
  unknown: IconCircleDashed,
};

interface Props {
  readonly tone: Tone;
  readonly label: string;
  readonly title?: string | undefined;
}

/** A state in a word, with a shape and a colour: never by colour alone. */
export function StateBadge({ tone, label, title }: Props) {
  const Icon = ICONS[tone];
  return (
    <span className={classes.state} data-tone={tone} title={title}>
      <Icon size={14} stroke={2} aria-hidden />
      <span className={classes.stateLabel}>{label}</span>
    </span>
  );
}
