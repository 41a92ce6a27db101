import classes from "./terms.module.css";

interface Props {
  readonly rule: string;
  readonly source: string;
  /** What the source leaves open. */
  readonly note?: string | null;
  /** The rule's own sentence. */
  readonly reason?: string;
}

/** Rule and line of the source; hovering tells its sentence and what it leaves open. */
export function RuleMark({ rule, source, note, reason }: Props) {
  const title = [reason, note].filter(Boolean).join("\n");
  return (
    <span className={classes.rule} title={title || undefined}>
      <b>{rule}</b> · {source}
    </span>
  );
}
