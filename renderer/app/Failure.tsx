import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { type ErrorFacts, errorFacts } from "../../shared/errors.ts";
import { Verdict } from "../../shared/policy/verdict.ts";
import { ErrorNotice } from "../ui/ErrorNotice.tsx";
import { shortDateTime } from "../ui/format.ts";
import { type Language, type Translate, useWords } from "./i18n/index.ts";
import { knownSentence, sentenceWords } from "./i18n/sentences.ts";
import { ruleWords, verdictWords } from "./i18n/verdicts.ts";
import { paths } from "./paths.ts";

interface Props {
  /** Anything thrown by a call, or the stored error of a job or step. */
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  readonly children?: ReactNode;
}

/**
 * What happened and what to do next in the operator's language, as far as they are known in it; `original` is the
 * console's own wording where that is another language.
 */
export function failureTexts({ message, details }: Pick<ErrorFacts, "message" | "details">, language: Language) {
  const { next } = details;
  if (language === "en") return { message, next };
  const refusals = Verdict.array().nonempty().safeParse(details["verdicts"]);
  return {
    message: refusals.success
      ? refusals.data.map((one) => `${ruleWords(one.rule, language)} : ${verdictWords(one, language)}`).join("\n")
      : knownSentence(message, language),
    next: next && knownSentence(next, language),
    original: [message, next].filter(Boolean).join("\n"),
  };
}

/** Any failure of a call: its code decides the title, the console's own words follow. */
export function Failure({ error, onRetry, children }: Props) {
  const { t, language } = useWords();
  const facts = errorFacts(error);
  const { rule, earliest } = facts.details;
  const lines = [
    ...(rule ? [t("error.rule", { rule })] : []),
    ...(earliest ? [t("error.earliest", { when: earliestWords(earliest, language) })] : []),
  ];
  return (
    <ErrorNotice
      title={t(`error.${facts.code}`)}
      {...failureTexts(facts, language)}
      facts={lines}
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
export function failureWords(t: Translate, error: unknown, language: Language): string {
  const { code, message } = errorFacts(error);
  return `${t(`error.${code}`)}${t("ui.colon")} ${sentenceWords(message, language)}`;
}
