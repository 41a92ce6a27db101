import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { errorFacts } from "../../shared/errors.ts";
import { ErrorNotice } from "../ui/ErrorNotice.tsx";
import { shortDateTime } from "../ui/format.ts";
import { type Translate, useWords } from "./i18n/index.ts";
import { paths } from "./paths.ts";

interface Props {
  /** Anything thrown by a call, or the stored error of a job or step. */
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/** Any failure of a call, in the operator's language as far as its code tells, with the console's own words beneath. */
export function Failure({ error, onRetry, children }: Props) {
  const { t, language } = useWords();
  const facts = errorFacts(error);
  const { rule, earliest, next } = facts.details;
  const lines = [
    ...(rule ? [t("error.rule", { rule })] : []),
    ...(earliest ? [t("error.earliest", { when: earliestWords(earliest, language) })] : []),
  ];
  return (
    <ErrorNotice
      title={t(`error.${facts.code}`)}
      message={facts.message}
      facts={lines}
      next={next}
      details={JSON.stringify(facts, null, 2)}
      onRetry={onRetry}
    >
      {facts.code === "VaultLocked" && (
        <Button component={Link} href={paths.settings("vault")} size="compact-xs" mt="xs">
          {t("palette.openVault")}
        </Button>
      )}
      {children}
    </ErrorNotice>
  );
}

/** "earliest" is an instant or a plain date. */
export function earliestWords(earliest: string, language: string): string {
  const date = new Date(earliest);
  return Number.isNaN(date.getTime()) ? earliest : shortDateTime(date, language);
}

/** A failure in one line, where there is no room for a notice. */
export function failureWords(t: Translate, error: unknown): string {
  const { code, message } = errorFacts(error);
  return `${t(`error.${code}`)}${t("ui.colon")} ${message}`;
}
