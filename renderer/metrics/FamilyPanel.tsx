import { ActionIcon, SegmentedControl, Tooltip } from "@mantine/core";
import { IconPhoto } from "@tabler/icons-react";
import { memo, useRef, useState } from "react";
import { type Family, type SeriesId, seriesOf, seriesOfFamily } from "../../shared/metrics/catalogue.ts";
import type { MetricsNow, MetricsRange } from "../../shared/metrics/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { fullDateTime } from "../ui/format.ts";
import { Chart, COLOURS } from "./Chart.tsx";
import { PLOTS, type Plot, type Range, summaryOf, unitOf } from "./metrics-view.ts";
import classes from "./metrics.module.css";
import type { Span } from "./spans.ts";
import { figure } from "./words.ts";

interface Props {
  readonly family: Family;
  readonly data: MetricsRange;
  readonly now: MetricsNow | undefined;
  readonly range: Range;
  readonly spans: readonly Span[];
  readonly zone: string;
  readonly customerZone: string;
  readonly asTable: boolean;
  readonly onZoom: (from: number, to: number) => void;
  /** Makes a picture of this chart alone. */
  readonly onPicture: (title: string, svg: SVGSVGElement) => void;
}

const DASHES = ["solid", "dashed", "dotted"] as const;

/** One family: its present figures, and one of its charts. */
export const FamilyPanel = memo(function FamilyPanel(props: Props) {
  const { family, data, now, range, spans, zone, customerZone, asTable, onZoom, onPicture } = props;
  const { t } = useWords();
  const [plotId, setPlotId] = useState(PLOTS[family][0].id);
  const place = useRef<HTMLDivElement>(null);
  const plot = PLOTS[family].find((one) => one.id === plotId) ?? PLOTS[family][0];
  const series = plot.series.flatMap((id) => data.series.find((one) => one.id === id) ?? []);
  const hasValues = series.some((one) => one.average.some((value) => value !== null));
  const beyond = now?.breaches.some(({ series: id }) => seriesOf(id).family === family) ?? false;
  const title = t(`metrics.family.${family}`);
  const summary = useSummaryWords(plot, data);
  const marks = plot.id === "certificate" ? data.certificateWatchDays : [];

  return (
    <section
      className={classes.family}
      aria-label={title}
      data-family={family}
      {...(beyond ? { "data-beyond": true } : {})}
    >
      <div className={classes.head}>
        <h2>{title}</h2>
        {PLOTS[family].length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={t("metrics.chartOf", { family: title })}
            value={plot.id}
            onChange={setPlotId}
            data={PLOTS[family].map((one) => ({
              value: one.id,
              label: t(`metrics.plot.${one.id}` as "metrics.plot.cpu"),
            }))}
          />
        )}
        <Tooltip label={t("metrics.savePicture")} withArrow>
          <ActionIcon
            ml="auto"
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={t("metrics.savePictureOf", { family: title })}
            disabled={!hasValues || asTable}
            onClick={() => {
              const svg = place.current?.querySelector<SVGSVGElement>("svg.recharts-surface");
              if (svg) onPicture(title, svg);
            }}
          >
            <IconPhoto size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </div>
      <Figures family={family} now={now} plot={plot} />
      {asTable ? (
        <Table plot={plot} data={data} zone={zone} title={title} />
      ) : hasValues ? (
        <div ref={place} className={classes.chart} role="img" aria-label={`${title}. ${summary}`}>
          <Chart
            {...{ series, range, spans, zone, customerZone, onZoom, marks }}
            unit={unitOf(plot)}
            limits={data.limits}
          />
        </div>
      ) : (
        <p className={classes.faint}>{t("metrics.noValues")}</p>
      )}
    </section>
  );
});

/** Every present figure of the family, those of the chart with their line. */
function Figures({
  family,
  now,
  plot,
}: {
  readonly family: Family;
  readonly now: MetricsNow | undefined;
  readonly plot: Plot;
}) {
  const { t, language } = useWords();
  return (
    <dl className={classes.figures}>
      {seriesOfFamily(family).map((id) => {
        const value = now?.values.find((one) => one.series === id)?.value;
        const breach = now?.breaches.find((one) => one.series === id);
        const line = plot.series.indexOf(id);
        return (
          <div key={id} className={classes.figure} {...(breach ? { "data-beyond": true } : {})}>
            {line >= 0 && (
              <span
                className={classes.stroke}
                style={{ borderColor: COLOURS[line], borderTopStyle: DASHES[line] }}
                aria-hidden
              />
            )}
            <dt>{t(`metrics.series.${id}`)}</dt>
            <dd title={breach && t("metrics.beyond", { limit: figure(breach.limit, seriesOf(id).unit, language) })}>
              {value === undefined ? "–" : figure(value, seriesOf(id).unit, language)}
              {breach && ` ${t("metrics.beyondMark")}`}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** What a chart shows, in a sentence. */
function useSummaryWords(plot: Plot, data: MetricsRange): string {
  const { t, language } = useWords();
  const show = (id: SeriesId, value: number) => figure(value, seriesOf(id).unit, language);
  return plot.series
    .flatMap((id) => {
      const one = data.series.find((series) => series.id === id);
      const summary = one && summaryOf(one);
      if (!summary) return [];
      const { low, average, high, last } = summary;
      const facts = { low: show(id, low), average: show(id, average), high: show(id, high), last: show(id, last) };
      return [t("metrics.summary", { series: t(`metrics.series.${id}`), ...facts })];
    })
    .join(" ");
}

const MOST_ROWS = 60;

/** The same figures to read, newest first. */
function Table({
  plot,
  data,
  zone,
  title,
}: {
  readonly plot: Plot;
  readonly data: MetricsRange;
  readonly zone: string;
  readonly title: string;
}) {
  const { t, language } = useWords();
  const rows = plot.series
    .flatMap((id) => {
      const one = data.series.find((series) => series.id === id);
      return (one?.at ?? []).map((at, index) => ({ id, at, one: one!, index }));
    })
    .toSorted((a, b) => b.at - a.at)
    .slice(0, MOST_ROWS);
  const show = (id: SeriesId, value: number | null | undefined) =>
    typeof value === "number" ? figure(value, seriesOf(id).unit, language) : "–";
  return (
    // A part that scrolls is reached by the keyboard too.
    <div className={classes.table} tabIndex={0} role="region" aria-label={t("metrics.tableOf", { family: title })}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("metrics.time")}</th>
            <th scope="col">{t("metrics.seriesName")}</th>
            <th scope="col">{t("metrics.low")}</th>
            <th scope="col">{t("metrics.average")}</th>
            <th scope="col">{t("metrics.high")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, at, one, index }) => (
            <tr key={`${id} ${at}`}>
              <td>{fullDateTime(new Date(at), language, zone)}</td>
              <td>{t(`metrics.series.${id}`)}</td>
              <td>{show(id, one.low[index])}</td>
              <td>{show(id, one.average[index])}</td>
              <td>{show(id, one.high[index])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
