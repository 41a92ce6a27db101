import { Skeleton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "./DataTable.module.css";

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  /** Least width in pixels, and the share of what is left over. */
  readonly width: number;
  readonly grow?: number;
  readonly align?: "right";
  readonly sortable?: boolean;
  readonly cell: (row: Row) => ReactNode;
}

export type Item<Row> =
  | { readonly type: "row"; readonly key: string; readonly row: Row }
  | {
      readonly type: "group";
      readonly key: string;
      readonly label: string;
      readonly count: number;
      readonly collapsed: boolean;
    };

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

interface Props<Row> {
  /** Accessible name of the table. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly items: readonly Item<Row>[];
  /** Shows skeleton rows of the final height. */
  readonly loading?: boolean;
  /** Pixels that the table takes at most, less where its rows need less; without it the table fills its place. */
  readonly atMost?: number;
  /** Stands in the body when there are no items. */
  readonly empty?: ReactNode;
  readonly sort?: Sort | null;
  readonly onSort?: (column: string) => void;
  readonly onOpen?: (row: Row) => void;
  readonly onToggleGroup?: (key: string) => void;
  /** Marks a row for styling: production wears its colour. */
  readonly accent?: (row: Row) => string | undefined;
}

type GroupItem = Extract<Item<never>, { type: "group" }>;
type RowItem<Row> = Extract<Item<Row>, { type: "row" }>;

const ROW_HEIGHT = 30;
const SKELETON_ROWS = 14;
/** Head and borders. */
const FRAME_HEIGHT = 36;
const EMPTY_HEIGHT = 220;

/**
 * A dense table that draws only the rows in sight.
 *
 * One stop in the tab order: arrows, Home, End and Page keys move the active row, Enter opens it or folds a group.
 */
export function DataTable<Row>(props: Props<Row>) {
  const { label, columns, items, loading = false, atMost, empty, sort, onSort, onOpen, onToggleGroup, accent } = props;
  const { t } = useTranslation();
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [activeKey, setActiveKey] = useState<string>();
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    useFlushSync: false,
    scrollPaddingStart: ROW_HEIGHT,
    getItemKey: (index) => items[index]?.key ?? index,
  });

  const activeIndex = items.findIndex((item) => item.key === activeKey);
  const activeInSight = virtual.getVirtualItems().some(({ index }) => index === activeIndex);
  const template = columns.map((column) => `minmax(${column.width}px, ${column.grow ?? 1}fr)`).join(" ");
  const minWidth = columns.reduce((sum, column) => sum + column.width, 0);

  const needed = empty && items.length === 0 ? EMPTY_HEIGHT : FRAME_HEIGHT + ROW_HEIGHT * Math.max(items.length, 1);
  const height = atMost === undefined ? undefined : Math.min(atMost, needed);

  function activate(index: number) {
    const bounded = Math.max(0, Math.min(items.length - 1, index));
    const item = items[bounded];
    if (!item) return;
    setActiveKey(item.key);
    virtual.scrollToIndex(bounded);
  }

  function act(item: Item<Row> | undefined) {
    if (item?.type === "group") onToggleGroup?.(item.key);
    if (item?.type === "row") onOpen?.(item.row);
  }

  function onKeyDown(event: KeyboardEvent) {
    const inHeader = event.target !== scroller.current;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const item = items[activeIndex];
    const moves: Record<string, () => void> = {
      ArrowDown: () => activate(activeIndex + 1),
      ArrowUp: () => activate(activeIndex - 1),
      PageDown: () => activate(activeIndex + page),
      PageUp: () => activate(activeIndex - page),
      Home: () => activate(0),
      End: () => activate(items.length - 1),
      Enter: () => act(item),
      ArrowLeft: () => item?.type === "group" && !item.collapsed && act(item),
      ArrowRight: () => item?.type === "group" && item.collapsed && act(item),
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    if (inHeader && !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    if (inHeader) scroller.current?.focus();
    move();
  }

  /** Arriving by keyboard shows where one is; arriving by mouse is followed by the click that says so. */
  function onFocus(event: { target: EventTarget }) {
    if (event.target === scroller.current && activeIndex < 0 && scroller.current?.matches(":focus-visible"))
      activate(0);
  }

  // One function for all rows and drawings, so that rows in sight are not drawn again while one scrolls.
  const toggleGroup = useRef(onToggleGroup);
  useEffect(() => {
    toggleGroup.current = onToggleGroup;
  });
  const pick = useCallback((item: Item<Row>) => {
    setActiveKey(item.key);
    if (item.type === "group") toggleGroup.current?.(item.key);
  }, []);

  const body = loading ? (
    <div role="rowgroup" aria-busy="true">
      {Array.from({ length: SKELETON_ROWS }, (_, index) => (
        <div key={index} role="row" className={classes.row} style={{ gridTemplateColumns: template }}>
          {columns.map((column) => (
            <div key={column.id} role="gridcell" className={classes.cell}>
              <Skeleton height={10} width={`${45 + ((index * 17 + column.id.length * 23) % 45)}%`} />
            </div>
          ))}
        </div>
      ))}
    </div>
  ) : (
    <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: "relative" }}>
      {virtual.getVirtualItems().map(({ index, start }) => {
        const item = items[index];
        if (!item) return null;
        const shared = {
          id: `${id}-${item.key}`,
          index,
          start,
          template,
          active: item.key === activeKey,
          onPick: pick,
        };
        return item.type === "group" ? (
          <GroupRow key={item.key} item={item} columnCount={columns.length} {...shared} />
        ) : (
          <DataRow
            key={item.key}
            item={item}
            columns={columns}
            accent={accent?.(item.row)}
            onOpen={onOpen}
            {...shared}
          />
        );
      })}
    </div>
  );

  return (
    <div className={classes.frame} style={height === undefined ? {} : { flex: "none", minHeight: 0, height }}>
      <div
        ref={scroller}
        // Only there may rows fold.
        role={items.some(({ type }) => type === "group") ? "treegrid" : "grid"}
        aria-label={label}
        aria-rowcount={items.length + 1}
        aria-colcount={columns.length}
        aria-activedescendant={activeInSight ? `${id}-${activeKey}` : undefined}
        tabIndex={0}
        className={classes.grid}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
      >
        <div style={{ minWidth }}>
          <div role="rowgroup" className={classes.head}>
            <div role="row" aria-rowindex={1} className={classes.row} style={{ gridTemplateColumns: template }}>
              {columns.map((column) => (
                <div
                  key={column.id}
                  role="columnheader"
                  className={classes.cell}
                  data-align={column.align}
                  aria-sort={sort?.column === column.id ? (sort.descending ? "descending" : "ascending") : undefined}
                >
                  {column.sortable && onSort ? (
                    <button type="button" className={classes.sort} onClick={() => onSort(column.id)}>
                      {column.header}
                      {sort?.column === column.id &&
                        (sort.descending ? (
                          <IconArrowDown size={12} aria-hidden />
                        ) : (
                          <IconArrowUp size={12} aria-hidden />
                        ))}
                    </button>
                  ) : (
                    column.header
                  )}
                </div>
              ))}
            </div>
          </div>
          {loading || items.length ? body : null}
        </div>
      </div>
      {/* Beside the grid, which may hold nothing but rows. */}
      {!loading && items.length === 0 && <div className={classes.empty}>{empty ?? t("ui.none")}</div>}
    </div>
  );
}

interface LineProps<LineItem> {
  readonly id: string;
  readonly item: LineItem;
  readonly index: number;
  readonly start: number;
  readonly template: string;
  readonly active: boolean;
}

const placed = (template: string, start: number) => ({
  gridTemplateColumns: template,
  transform: `translateY(${start}px)`,
});

interface GroupRowProps extends LineProps<GroupItem> {
  readonly columnCount: number;
  readonly onPick: (item: GroupItem) => void;
}

const GroupRow = memo(function GroupRow(props: GroupRowProps) {
  const { id, item, index, start, template, active, columnCount, onPick } = props;
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-expanded={!item.collapsed}
      data-active={active || undefined}
      className={`${classes.row} ${classes.group}`}
      style={placed(template, start)}
      onClick={() => onPick(item)}
    >
      <div role="gridcell" aria-colspan={columnCount} className={classes.groupCell}>
        {item.collapsed ? <IconChevronRight size={14} aria-hidden /> : <IconChevronDown size={14} aria-hidden />}
        <span>{item.label}</span>
        <span className={classes.count}>{item.count}</span>
      </div>
    </div>
  );
});

interface DataRowProps<Row> extends LineProps<RowItem<Row>> {
  readonly columns: readonly Column<Row>[];
  readonly accent: string | undefined;
  readonly onPick: (item: Item<Row>) => void;
  readonly onOpen: ((row: Row) => void) | undefined;
}

function PlainDataRow<Row>(props: DataRowProps<Row>) {
  const { id, item, index, start, template, active, columns, accent, onPick, onOpen } = props;
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      data-active={active || undefined}
      data-accent={accent}
      data-even={index % 2 === 0 || undefined}
      className={`${classes.row} ${classes.moving}`}
      style={placed(template, start)}
      onClick={() => onPick(item)}
      onDoubleClick={() => onOpen?.(item.row)}
    >
      {columns.map((column) => (
        <div key={column.id} role="gridcell" className={classes.cell} data-align={column.align}>
          {column.cell(item.row)}
        </div>
      ))}
    </div>
  );
}

const DataRow = memo(PlainDataRow) as typeof PlainDataRow;
