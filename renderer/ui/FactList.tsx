import type { ReactNode } from "react";
import { CopyButton } from "./CopyButton.tsx";
import classes from "./ui.module.css";

interface Props {
  readonly label: string;
  readonly children?: ReactNode;
  /** Shown, if there are no children, and put on the clipboard by a button beside it. */
  readonly copy?: string | null | undefined;
  /** Stands in for a value that is not there. */
  readonly absent?: string;
}

/** Names and values in two columns. */
export function FactList({ children }: { readonly children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>;
}

export function Fact({ label, children, copy, absent = "–" }: Props) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        {children ??
          (copy ? <span className={classes.code}>{copy}</span> : <span className={classes.absent}>{absent}</span>)}
        {copy && <CopyButton value={copy} what={label} />}
      </dd>
    </>
  );
}
