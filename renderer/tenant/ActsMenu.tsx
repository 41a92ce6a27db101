import { Button, Menu } from "@mantine/core";
import {
  IconArrowsMaximize,
  IconCertificate,
  IconChevronDown,
  IconLock,
  IconLockOpen,
  IconPlayerPlay,
  IconPower,
  IconRefresh,
} from "@tabler/icons-react";
import { useState } from "react";
import type { Act } from "../../shared/tenant/acts.ts";
import type { Environment, Tenant } from "../../shared/tenant/model.ts";
import { useWords } from "../app/i18n/index.ts";
import { ActDialog } from "./ActDialog.tsx";
import { CertificateDialog } from "./CertificateDialog.tsx";
import { ResizeDialog } from "./ResizeDialog.tsx";

export interface ActedOn {
  readonly tenant: Pick<Tenant, "slug" | "customer" | "service">;
  readonly environment: Environment;
}

type Opened = Act | "resize" | "installCertificate";

const ITEMS: readonly {
  readonly act: Opened;
  readonly Icon: typeof IconPower;
  readonly when: (environment: Environment) => boolean;
}[] = [
  { act: "start", Icon: IconPlayerPlay, when: ({ state }) => state === "stopped" },
  { act: "reboot", Icon: IconRefresh, when: ({ state }) => state === "running" },
  { act: "stop", Icon: IconPower, when: ({ state }) => state === "running" },
  { act: "lockOut", Icon: IconLock, when: ({ state, lockout }) => state === "running" && !lockout?.seen },
  { act: "unlock", Icon: IconLockOpen, when: ({ state, lockout }) => state === "running" && lockout !== null },
  { act: "resize", Icon: IconArrowsMaximize, when: ({ instanceType }) => instanceType !== null },
  { act: "renewCertificate", Icon: IconCertificate, when: ({ state }) => state === "running" },
  { act: "installCertificate", Icon: IconCertificate, when: ({ state }) => state === "running" },
];

/** What can be done to one environment now. Each opens a dialog that shows the contract's say first. */
export function ActsMenu(props: ActedOn) {
  const { t } = useWords();
  const [opened, setOpened] = useState<Opened>();
  const { environment } = props;
  const items = ITEMS.filter(({ when }) => when(environment));
  const onClose = () => setOpened(undefined);
  if (items.length === 0) return null;
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button
            size="compact-xs"
            variant="default"
            rightSection={<IconChevronDown size={13} aria-hidden />}
            aria-label={t("acts.menuOf", { environment: t(`kind.${environment.kind}`) })}
          >
            {t("acts.menu")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {items.map(({ act, Icon }) => (
            <Menu.Item key={act} leftSection={<Icon size={15} aria-hidden />} onClick={() => setOpened(act)}>
              {t(`acts.${act}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {opened === "resize" ? (
        <ResizeDialog {...props} onClose={onClose} />
      ) : opened === "installCertificate" ? (
        <CertificateDialog {...props} onClose={onClose} />
      ) : (
        opened && <ActDialog {...props} act={opened} onClose={onClose} />
      )}
    </>
  );
}
