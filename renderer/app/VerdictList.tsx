import { Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import type { Verdict } from "../../shared/policy/verdict.ts";
import { earliestWords } from "./Failure.tsx";
import { useWords } from "./i18n/index.ts";
import { ruleWords, verdictWords } from "./i18n/verdicts.ts";
import classes from "./VerdictList.module.css";

interface Props {
  readonly verdicts: readonly Verdict[];
  readonly overrides: Readonly<Record<string, string>>;
  readonly onOverride: (rule: string, reason: string) => void;
}

/** What each contract rule says of a plan: refusals first, each with its number, reason and source. */
export function VerdictList({ verdicts, overrides, onOverride }: Props) {
  const { t, language } = useWords();
  const refused = verdicts.filter(({ allowed }) => !allowed);
  const allowed = verdicts.filter((verdict) => verdict.allowed);
  return (
    <Stack gap={8}>
      {refused.map((verdict, index) => (
        <VerdictLine key={`${verdict.rule} ${verdict.reason}`} verdict={verdict}>
          {/* One reason goes over every refusal of its rule. */}
          {verdict.overridable && refused.findIndex(({ rule }) => rule === verdict.rule) === index && (
            <TextInput
              size="xs"
              mt={4}
              label={t("wizard.override", { rule: ruleWords(verdict.rule, language) })}
              description={t("wizard.overrideHint")}
              maxLength={500}
              value={overrides[verdict.rule] ?? ""}
              onChange={(event) => onOverride(verdict.rule, event.currentTarget.value)}
            />
          )}
        </VerdictLine>
      ))}
      {allowed.map((verdict) => (
        <VerdictLine key={`${verdict.rule} ${verdict.reason}`} verdict={verdict} />
      ))}
    </Stack>
  );
}

function VerdictLine({ verdict, children }: { readonly verdict: Verdict; readonly children?: React.ReactNode }) {
  const { t, language } = useWords();
  const overridden = !verdict.allowed && verdict.override !== undefined;
  const standing = verdict.allowed ? "allowed" : overridden ? "overridden" : "refused";
  const Icon = { allowed: IconCircleCheck, overridden: IconAlertTriangle, refused: IconCircleX }[standing];
  return (
    <div className={classes.verdict} data-standing={standing}>
      <Icon size={16} className={classes.icon ?? ""} role="img" aria-label={t(`wizard.verdict.${standing}`)} />
      <div className={classes.text}>
        <Text size="sm">
          <b>{ruleWords(verdict.rule, language)}</b> {verdictWords(verdict, language)}
        </Text>
        <Text size="xs" c="dimmed">
          {[
            t("wizard.source", { source: verdict.source }),
            verdict.earliest && t("wizard.earliest", { when: earliestWords(verdict.earliest, language) }),
            overridden && t("wizard.overridden"),
          ]
            .filter(Boolean)
            .join(" · ")}
        </Text>
        {children}
      </div>
    </div>
  );
}

export function VerdictSkeleton() {
  return (
    <Stack gap={10} aria-busy="true">
      {[90, 70, 80, 60, 85, 75].map((width) => (
        <Skeleton key={width} height={26} width={`${width}%`} />
      ))}
    </Stack>
  );
}
