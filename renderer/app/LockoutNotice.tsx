import { Alert, Group, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import type { Lockout } from "../../shared/tenant/lockout.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import { useWords } from "./i18n/index.ts";

/** Since when, until when, why and by whom an environment is closed; an alarm says what is wrong with it. */
export function LockoutNotice({ lockout }: { readonly lockout: Lockout }) {
  const { t } = useWords();
  const { alarm, since, until, reason, by } = lockout;
  return (
    <Alert
      color={alarm ? "red" : "yellow"}
      icon={<IconLock size={18} aria-hidden />}
      title={alarm ? t(`lockout.${alarm}`) : t("acts.lockedOut")}
      role={alarm ? "alert" : "status"}
      mb={8}
      p="xs"
    >
      <Group gap={6}>
        <Text size="sm">
          {t("acts.lockedOutSince")} <RelativeTime date={since} show="absolute" />
          {until && (
            <>
              {" "}
              {t("acts.lockedOutUntil")} <RelativeTime date={until} show="absolute" />
            </>
          )}
        </Text>
        {reason !== null && <Text size="sm">{t("acts.lockedOutBy", { reason, by: by ?? "" })}</Text>}
      </Group>
    </Alert>
  );
}

/** The same in a cell. */
export function LockoutBadge({ lockout }: { readonly lockout: Lockout }) {
  const { t } = useWords();
  const words = lockout.alarm ? t(`lockout.${lockout.alarm}`) : t("acts.lockedOut");
  return (
    <StateBadge
      tone={lockout.alarm ? "bad" : "warning"}
      label={words}
      title={[words, lockout.reason].filter(Boolean).join(": ")}
    />
  );
}
