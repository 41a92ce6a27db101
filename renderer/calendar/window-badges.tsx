import type { NoticeStanding, WindowState } from "../../shared/calendar/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { StateBadge, type Tone } from "../ui/StateBadge.tsx";

const STATE_TONES: Readonly<Record<WindowState, Tone>> = { planned: "busy", cancelled: "unknown", done: "good" };

export function WindowStateBadge({ state }: { readonly state: WindowState }) {
  const { t } = useWords();
  return <StateBadge tone={STATE_TONES[state]} label={t(`calendar.state.${state}`)} />;
}

const NOTICE_TONES: Readonly<Record<NoticeStanding, Tone>> = {
  none: "unknown",
  drafted: "idle",
  late: "bad",
  outdated: "warning",
  proven: "good",
};

export function NoticeBadge({ standing }: { readonly standing: NoticeStanding }) {
  const { t } = useWords();
  return <StateBadge tone={NOTICE_TONES[standing]} label={t(`calendar.notice.${standing}`)} />;
}
