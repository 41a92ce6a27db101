/**
 * URL prefixes that the vendor needs for itself or that would mislead a user.
 *
 * Neither service publishes its list (gap e), so this is the console's own and shipped as data of the profiles.
 */
export const RESERVED_WORDS: readonly string[] = [
  "about account accounts acme-challenge admin administrator api app apps assets auth autoconfig autodiscover",
  "backup backups billing blog calendar cdn cloud console contact dashboard data db demo dev dns docs download",
  "email erp example forum ftp git help host http https imap info internal invalid ldap local localhost login",
  "mail manage marketing monitor monitoring mta-sts mx news noc ns ns1 ns2 null openbravo acumatica ops partner",
  "partners pop pop3 portal postmaster preprod prod production proxy public register root sales sandbox secure",
  "security server sftp signin smtp ssh ssl staging static status store support sys system test testing tls",
  "update updates upload vpn web webmail wiki wpad www www1 www2",
].flatMap((line) => line.split(" "));
