import { SegmentedControl, Table } from "@mantine/core";
import { useState } from "react";
import type { ClockId, ContractTerms, TermsClock } from "../../shared/terms/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { plainDate } from "../ui/format.ts";
import { Panel } from "../ui/Panel.tsx";
import { RuleMark } from "./RuleMark.tsx";
import classes from "./terms.module.css";
import { useTermsWords } from "./words.ts";

const ENDING: ReadonlySet<ClockId> = new Set(["end", "copyRequest", "suspension", "retrieval", "deletion"]);
const VIEWS = ["timeline", "table"] as const;

/** Every date of the contract, as a line of time or as a table. */
export function Clocks({ terms }: { readonly terms: ContractTerms }) {
  const { t } = useWords();
  const [view, setView] = useState<(typeof VIEWS)[number]>("timeline");
  return (
    <Panel
      title={t("terms.clocks")}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t("terms.view")}
          value={view}
          onChange={(value) => setView(value === "table" ? "table" : "timeline")}
          data={VIEWS.map((value) => ({ value, label: t(`terms.view.${value}`) }))}
        />
      }
    >
      {view === "timeline" ? (
        <Timeline clocks={terms.clocks} today={terms.today} />
      ) : (
        <ClockTable clocks={terms.clocks} />
      )}
    </Panel>
  );
}

interface TimelineProps {
  readonly clocks: readonly TermsClock[];
  /** Marks the place of today among them. */
  readonly today?: string;
}

export function Timeline({ clocks, today }: TimelineProps) {
  const { t, language } = useWords();
  const words = useTermsWords();
  const next = clocks.findIndex(({ standing }) => standing === "ahead");
  const item = (clock: TermsClock) => (
    <li
      key={`${clock.id} ${clock.on}`}
      className={classes.clock}
      data-standing={clock.standing}
      data-ending={ENDING.has(clock.id) || undefined}
    >
      <time dateTime={clock.on} className={classes.day}>
        {plainDate(clock.on, language)}
      </time>
      <span>
        <span className={classes.name}>{t(`terms.clock.${clock.id}`)}</span>{" "}
        <span className={classes.why}>{words.why(clock)}</span>
      </span>
      <RuleMark {...clock} />
    </li>
  );
  const split = next < 0 ? clocks.length : next;
  return (
    <ol className={classes.timeline}>
      {clocks.slice(0, split).map(item)}
      {today && (
        <li className={classes.clock} data-today aria-current="date">
          <time dateTime={today} className={classes.day}>
            {plainDate(today, language)}
          </time>
          <span className={classes.name}>{t("terms.today")}</span>
        </li>
      )}
      {clocks.slice(split).map(item)}
    </ol>
  );
}

function ClockTable({ clocks }: { readonly clocks: readonly TermsClock[] }) {
  const { t, language } = useWords();
  const words = useTermsWords();
  return (
    <div className={classes.scroll}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("terms.column.date")}</Table.Th>
            <Table.Th>{t("terms.column.clock")}</Table.Th>
            <Table.Th>{t("terms.column.why")}</Table.Th>
            <Table.Th>{t("terms.column.rule")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {clocks.map((clock) => (
            <Table.Tr key={`${clock.id} ${clock.on}`}>
              <Table.Td className={classes.day ?? ""}>{plainDate(clock.on, language)}</Table.Td>
              <Table.Td>{t(`terms.clock.${clock.id}`)}</Table.Td>
              <Table.Td>{words.why(clock)}</Table.Td>
              <Table.Td>
                <RuleMark {...clock} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
