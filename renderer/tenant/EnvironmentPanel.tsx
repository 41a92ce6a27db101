import { Anchor, Button, Group, Text } from "@mantine/core";
import { IconTerminal2 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { regionZone } from "../../shared/policy/windows.ts";
import type { Environment, Tenant } from "../../shared/tenant/model.ts";
import { EnvironmentStateBadge, HealthBadge, KindBadge, UnprotectedBadge, VersionWords } from "../app/badges.tsx";
import { useWords } from "../app/i18n/index.ts";
import { detailWords } from "../app/i18n/sentences.ts";
import { LockoutNotice } from "../app/LockoutNotice.tsx";
import { paths } from "../app/paths.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Fact, FactList } from "../ui/FactList.tsx";
import { mebibytes } from "../ui/format.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StateBadge } from "../ui/StateBadge.tsx";
import { ActsMenu } from "./ActsMenu.tsx";
import classes from "./EnvironmentPanel.module.css";

interface Props {
  readonly environment: Environment;
  readonly tenant: Tenant;
}

/** One machine: how it is, where it answers, what it is made of. */
export function EnvironmentPanel({ environment, tenant }: Props) {
  const { t, language } = useWords();
  const { kind, health } = environment;
  return (
    <section className={classes.panel} data-kind={kind} aria-label={t(`kind.${kind}`)}>
      <Group justify="space-between" gap="xs" mb={8}>
        <Group gap="xs">
          <KindBadge kind={kind} />
          <EnvironmentStateBadge state={environment.state} />
          <HealthBadge health={health} unprotected={environment.unprotected} />
        </Group>
        <Group gap="xs">
          {environment.unprotected && <UnprotectedBadge />}
          {environment.sshAddress && (
            <Button
              component={Link}
              href={paths.terminals(environment.id)}
              size="compact-xs"
              variant="default"
              leftSection={<IconTerminal2 size={14} aria-hidden />}
            >
              {t("terminal.open")}
            </Button>
          )}
          <ActsMenu tenant={tenant} environment={environment} />
        </Group>
      </Group>
      {environment.lockout && <LockoutNotice lockout={environment.lockout} />}
      {health.detail && health.state !== "up" && (
        <Text size="sm" mb={6}>
          {detailWords(health.detail, language)}
        </Text>
      )}
      <Endpoints environment={environment} />
      <hr className={classes.line} />
      <Condition environment={environment} zone={tenant.zone} />
      <hr className={classes.line} />
      <Resources environment={environment} />
    </section>
  );
}

function Endpoints({ environment }: Pick<Props, "environment">) {
  const { t } = useWords();
  const ssh = environment.sshAddress;
  const sshCommand = ssh && `ssh -p ${ssh.port} ${ssh.user}@${ssh.host}`;
  return (
    <FactList>
      <Fact label={t("tenant.url")} copy={environment.url} />
      <Fact label={t("tenant.reachedAt")} absent={t("tenant.notReached")}>
        {environment.reachedAt && (
          <>
            <ExternalLink href={environment.reachedAt} />
            <CopyButton value={environment.reachedAt} what={t("tenant.reachedAt")} />
          </>
        )}
      </Fact>
      <Fact label={t("tenant.ssh")} copy={sshCommand} absent={t("tenant.notReached")} />
      <Fact label={t("tenant.hostKey")}>
        {environment.hostKey && (
          <Anchor component={Link} href={paths.hostKeys(environment.id)} size="sm">
            {t("hostKeys.count", { count: environment.hostKey.split(" ").filter(Boolean).length })}
          </Anchor>
        )}
      </Fact>
    </FactList>
  );
}

/** Only addresses over HTTPS become links: what AWS or a tag says is not trusted to be one. */
function ExternalLink({ href }: { readonly href: string }): ReactNode {
  if (!href.startsWith("https://")) return href;
  return (
    <Anchor href={href} target="_blank" rel="noreferrer" size="sm">
      {href}
    </Anchor>
  );
}

function Condition({ environment, zone }: Pick<Props, "environment"> & { readonly zone: string }) {
  const { t } = useWords();
  const here = regionZone(environment.region);
  return (
    <FactList>
      <Fact label={t("tenant.version")}>
        <VersionWords version={environment.version} support={environment.versionSupport} />
      </Fact>
      <Fact
        label={t("tenant.backup")}
        absent={t(environment.unprotected ? "fleet.noBackupByContract" : "fleet.noBackup")}
      >
        {environment.lastBackupAt && <RelativeTime date={environment.lastBackupAt} />}
      </Fact>
      <Fact label={t("tenant.window")}>
        {environment.nextWindowAt && (
          <span>
            <RelativeTime date={environment.nextWindowAt} show="absolute" zone={here} /> {t("time.inDataCentre")}
            {" · "}
            <RelativeTime date={environment.nextWindowAt} show="absolute" zone={zone} /> {t("time.atCustomer")}
          </span>
        )}
      </Fact>
      <Fact label={t("acts.certificate")}>
        {environment.certificate && <CertificateDays certificate={environment.certificate} />}
      </Fact>
      <Fact label={t("tenant.checkedAt")}>
        {environment.health.checkedAt && <RelativeTime date={environment.health.checkedAt} />}
      </Fact>
      <Fact label={t("tenant.readAt")}>{environment.readAt && <RelativeTime date={environment.readAt} />}</Fact>
    </FactList>
  );
}

/** Days left, and the mark of the watch that was reached (R13). */
function CertificateDays({ certificate }: { readonly certificate: NonNullable<Environment["certificate"]> }) {
  const { t } = useWords();
  const { daysLeft, mark, issuer } = certificate;
  if (daysLeft < 0) return <StateBadge tone="bad" label={t("acts.certificateEnded")} title={issuer} />;
  const words = t("acts.certificateDays", { count: daysLeft });
  if (mark === null) return <span title={issuer}>{words}</span>;
  const label = `${words} (${t("acts.certificateMark", { days: mark })})`;
  return <StateBadge tone={mark <= 30 ? "bad" : "warning"} label={label} title={issuer} />;
}

function Resources({ environment }: Pick<Props, "environment">) {
  const { t, language } = useWords();
  const { instanceType, vcpus, memoryMiB } = environment;
  const size = [
    instanceType,
    vcpus !== null && memoryMiB !== null
      ? t("tenant.sizeFacts", { vcpus, memory: mebibytes(memoryMiB, language) })
      : null,
  ].filter(Boolean);
  return (
    <FactList>
      <Fact label={t("tenant.account")}>{environment.accountName}</Fact>
      <Fact label={t("tenant.region")}>{environment.region}</Fact>
      <Fact label={t("tenant.size")}>{size.length ? size.join(", ") : undefined}</Fact>
      <Fact label={t("tenant.instance")} copy={environment.instanceId} />
      <Fact label={t("tenant.image")} copy={environment.imageId} />
      <Fact label={t("tenant.volume")} copy={environment.volumeId}>
        {environment.volumeId && (
          <span className={classes.code}>
            {environment.volumeId}
            {environment.volumeGiB !== null && `, ${environment.volumeGiB} GiB`}
          </span>
        )}
      </Fact>
      <Fact label={t("tenant.securityGroup")} copy={environment.securityGroupId} />
      <Fact label={t("tenant.launched")}>
        {environment.launchedAt && <RelativeTime date={environment.launchedAt} show="absolute" />}
      </Fact>
    </FactList>
  );
}
