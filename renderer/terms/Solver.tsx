import { Group, Select, Skeleton, Stack, Text } from "@mantine/core";
import { DateInput } from "@mantine/dates";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { SOLVE_ACTS, type ContractTerms, type Solution, type SolveAct } from "../../shared/terms/model.ts";
import { useApi } from "../app/api.ts";
import { Failure } from "../app/Failure.tsx";
import { useWords } from "../app/i18n/index.ts";
import { Fact, FactList } from "../ui/FactList.tsx";
import { plainDate } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import { Timeline } from "./Clocks.tsx";
import { RuleMark } from "./RuleMark.tsx";
import classes from "./terms.module.css";
import { useTermsWords } from "./words.ts";

/** From when a change is possible, with the last day of notice and the rule behind it. */
export function Solver({ terms }: { readonly terms: ContractTerms }) {
  const { t } = useWords();
  const api = useApi();
  const [act, setAct] = useState<SolveAct>("downgrade");
  const [announcedOn, setAnnouncedOn] = useState<string | null>(null);
  const [wantedOn, setWantedOn] = useState<string | null>(null);
  const solution = useQuery(
    api.terms.solve.queryOptions({
      input: {
        ...{ tenant: terms.slug, act },
        ...(announcedOn && { announcedOn }),
        ...(wantedOn && { wantedOn }),
      },
      placeholderData: keepPreviousData,
    }),
  );
  return (
    <Panel title={t("terms.solver")}>
      <Stack gap="sm">
        <Group gap="xs" grow align="flex-start">
          <Select
            label={t("terms.solve.act")}
            allowDeselect={false}
            value={act}
            data={SOLVE_ACTS.map((value) => ({ value, label: t(`terms.solve.act.${value}`) }))}
            onChange={(value) => setAct(SOLVE_ACTS.find((one) => one === value) ?? "downgrade")}
          />
          <DateInput
            label={t("terms.solve.announcedOn")}
            placeholder={t("terms.today")}
            clearable
            clearButtonProps={{ "aria-label": t("ui.clear") }}
            value={announcedOn}
            onChange={setAnnouncedOn}
          />
          <DateInput
            label={t("terms.solve.wantedOn")}
            placeholder={t("terms.solve.wantedHint")}
            clearable
            clearButtonProps={{ "aria-label": t("ui.clear") }}
            value={wantedOn}
            onChange={setWantedOn}
          />
        </Group>
        <div aria-live="polite">
          {solution.error ? (
            <Failure error={solution.error} onRetry={() => void solution.refetch()} />
          ) : solution.data ? (
            <Answer solution={solution.data} />
          ) : (
            <Skeleton height={96} aria-busy="true" />
          )}
        </div>
      </Stack>
    </Panel>
  );
}

function Answer({ solution }: { readonly solution: Solution }) {
  const { t, language } = useWords();
  const words = useTermsWords();
  const { verdict, effectiveOn, noticeBy, announcedOn, afterwards } = solution;
  const quote = words.quote(verdict.rule);
  return (
    <Stack gap={6}>
      {!verdict.allowed && <StateBadge tone="warning" label={t("terms.solve.wantedRefused")} />}
      <FactList>
        <Fact label={t("terms.solve.announcedOn")}>{plainDate(announcedOn, language)}</Fact>
        <Fact label={t(verdict.allowed ? "terms.solve.effective" : "terms.solve.earliest")}>
          <b>{plainDate(effectiveOn, language)}</b>
        </Fact>
        <Fact label={t("terms.solve.noticeBy")}>{plainDate(noticeBy, language)}</Fact>
      </FactList>
      <blockquote className={classes.quote}>
        {quote && <Text size="sm">{quote}</Text>}
        <RuleMark rule={verdict.rule} source={verdict.source} reason={verdict.reason} note={verdict.note ?? null} />
      </blockquote>
      {afterwards.length > 0 && (
        <>
          <Text size="sm" fw={600}>
            {t("terms.solve.afterwards")}
          </Text>
          <Timeline clocks={afterwards} />
        </>
      )}
    </Stack>
  );
}
