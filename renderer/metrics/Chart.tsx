import { useState } from "react";
import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceArea,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import type { SeriesId, Unit } from "../../shared/metrics/catalogue.ts";
import type { MetricLimit, MetricSeries } from "../../shared/metrics/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { fullDateTime } from "../ui/format.ts";
import { type Range, rowsOf, ticksOf, valueTicksOf } from "./metrics-view.ts";
import classes from "./metrics.module.css";
import type { Span } from "./spans.ts";
import { figure } from "./words.ts";

export const COLOURS = ["var(--chart-first)", "var(--chart-second)", "var(--chart-third)"] as const;
/** Lines are told apart by more than their colour. */
const DASHES = ["", "5 3", "2 2"] as const;

interface Props {
  readonly series: readonly MetricSeries[];
  readonly unit: Unit;
  readonly limits: readonly MetricLimit[];
  /** Further lines: the certificate watch. */
  readonly marks: readonly number[];
  readonly range: Range;
  readonly spans: readonly Span[];
  /** Data centre's zone, in which the axis is written, and the customer's. */
  readonly zone: string;
  readonly customerZone: string;
  readonly onZoom: (from: number, to: number) => void;
}

const tickText = (at: number, range: Range, language: string, zone: string): string => {
  const long = range.to - range.from > 26 * 3_600_000;
  const options: Intl.DateTimeFormatOptions = long
    ? { day: "2-digit", month: "2-digit", ...(range.to - range.from < 8 * 86_400_000 ? { hour: "2-digit" } : {}) }
    : { hour: "2-digit", minute: "2-digit", ...(range.to - range.from < 600_000 ? { second: "2-digit" } : {}) };
  return new Intl.DateTimeFormat(language === "fr" ? "fr-FR" : "en-GB", { timeZone: zone, ...options }).format(at);
};

/** One chart over time: lines with gaps, the spread of the first, limits, and what happened. Dragging zooms. */
export function Chart(props: Props) {
  const { series, unit, limits, marks, range, spans, zone, customerZone, onZoom } = props;
  const { t, language } = useWords();
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const rows = rowsOf(series);
  const show = (value: number) => figure(value, unit, language);
  const at = (label: unknown) => (typeof label === "number" || typeof label === "string" ? Number(label) : Number.NaN);
  const shownLimits = limits.filter(({ series: id }) => series.some((one) => one.id === id));

  const values = series.flatMap((one) => one.high.filter((value) => value !== null));
  const valueTicks = valueTicksOf(
    [...values, ...marks].reduce((most, value) => Math.max(most, value), 0),
    unit,
  );

  return (
    <ResponsiveContainer width="100%" height={150} debounce={50}>
      <ComposedChart
        data={rows}
        syncId="metrics"
        syncMethod="value"
        margin={{ top: 6, right: 10, bottom: 0, left: 0 }}
        accessibilityLayer={false}
        onMouseDown={({ activeLabel }) => {
          const from = at(activeLabel);
          if (Number.isFinite(from)) setDrag({ from, to: from });
        }}
        onMouseMove={({ activeLabel }) => {
          const to = at(activeLabel);
          if (drag && Number.isFinite(to)) setDrag({ ...drag, to });
        }}
        onMouseUp={() => {
          if (drag && drag.from !== drag.to) onZoom(drag.from, drag.to);
          setDrag(null);
        }}
        onMouseLeave={() => setDrag(null)}
      >
        <CartesianGrid stroke="var(--chart-grid)" vertical={false} />
        <XAxis
          dataKey="at"
          type="number"
          domain={[range.from, range.to]}
          allowDataOverflow
          ticks={ticksOf(range, zone)}
          tickFormatter={(value: number) => tickText(value, range, language, zone)}
          tick={{ fontSize: 10, fill: "var(--mantine-color-dimmed)" }}
          stroke="var(--chart-grid)"
          minTickGap={12}
          height={20}
        />
        <YAxis
          width={72}
          domain={[0, valueTicks.at(-1)!]}
          ticks={valueTicks}
          tickFormatter={show}
          tick={{ fontSize: 10, fill: "var(--mantine-color-dimmed)" }}
          stroke="var(--chart-grid)"
        />
        {spans.map((span) => (
          <ReferenceArea
            key={`${span.type} ${span.id}`}
            x1={span.from}
            x2={Math.max(span.to, span.from + (range.to - range.from) / 400)}
            ifOverflow="hidden"
            fill={span.failed ? "var(--chart-failed)" : `var(--chart-${span.type})`}
            fillOpacity={span.type === "job" ? 0.35 : 0.16}
            strokeOpacity={0}
          />
        ))}
        {shownLimits.map((limit) => (
          <ReferenceLine
            key={limit.series}
            y={limit.value}
            stroke="var(--chart-limit)"
            strokeDasharray="6 3"
            ifOverflow="hidden"
          />
        ))}
        {marks.map((mark) => (
          <ReferenceLine
            key={mark}
            y={mark}
            stroke="var(--chart-limit)"
            strokeDasharray="2 4"
            ifOverflow="extendDomain"
          />
        ))}
        <Tooltip
          isAnimationActive={false}
          content={({ active, label, payload }) => {
            if (!active || payload.length === 0) return null;
            const instant = new Date(at(label));
            return (
              <div className={classes.tooltip}>
                <div>
                  {fullDateTime(instant, language, zone)} {t("time.inDataCentre")}
                </div>
                <div className={classes.faint}>
                  {fullDateTime(instant, language, customerZone)} {t("time.atCustomer")}
                </div>
                {payload
                  .filter(({ dataKey }) => dataKey !== "band")
                  .map(({ dataKey, value }) => (
                    <div key={String(dataKey)} className={classes.tooltipLine}>
                      <span>{t(`metrics.series.${String(dataKey) as SeriesId}`)}</span>
                      <b>{typeof value === "number" ? show(value) : "–"}</b>
                    </div>
                  ))}
              </div>
            );
          }}
        />
        <Area
          dataKey="band"
          stroke="none"
          fill={COLOURS[0]}
          fillOpacity={0.18}
          isAnimationActive={false}
          activeDot={false}
          connectNulls={false}
        />
        {series.map((one, index) => (
          <Line
            key={one.id}
            dataKey={one.id}
            stroke={COLOURS[index] ?? COLOURS[0]}
            strokeDasharray={DASHES[index] ?? ""}
            strokeWidth={1.5}
            dot={one.at.length < 4 ? { r: 2 } : false}
            isAnimationActive={false}
            connectNulls={false}
          />
        ))}
        {drag && drag.from !== drag.to && (
          <ReferenceArea x1={drag.from} x2={drag.to} fill="var(--chart-first)" fillOpacity={0.15} ifOverflow="hidden" />
        )}
      </ComposedChart>
    </ResponsiveContainer>
  );
}
