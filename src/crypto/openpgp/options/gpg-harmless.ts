/**
 * Options of gpg (2.2.40, with what older ones had) without bearing on encrypted data: they concern keys, trust,
 * signatures, the agent, lists or messages. What is missing changes the data (`armor`, `textmode`, modes for old
 * standards), the passphrase or gpg's channels, or is unknown.
 */
export const HARMLESS_WITH_VALUE = names(`
  default-key local-user encrypt-to hidden-encrypt-to default-recipient group ungroup trusted-key try-secret-key
  keyring primary-keyring secret-keyring trustdb-name trust-model tofu-default-policy tofu-db-format
  completes-needed marginals-needed max-cert-depth min-cert-level default-cert-level default-cert-check-level
  auto-key-locate keyserver keyserver-options default-keyserver-url key-origin import-options export-options
  digest-algo cert-digest-algo personal-digest-preferences personal-digest-prefs default-preference-list weak-digest
  disable-pubkey-algo bzip2-compress-level sig-notation set-notation cert-notation known-notation
  sig-policy-url set-policy-url cert-policy-url sig-keyserver-url default-sig-expire default-cert-expire
  default-new-key-algo min-rsa-length agent-program dirmngr-program gpg-agent-info pinentry-mode passphrase-repeat
  display ttyname ttytype lc-ctype lc-messages xauthority reader-port ctapi-driver pcsc-driver
  limit-card-insert-tries comment default-comment display-charset charset keyid-format list-options verify-options
  photo-viewer exec-path temp-directory`);

export const HARMLESS_ALONE = names(`
  always-trust no-default-recipient default-recipient-self no-encrypt-to encrypt-to-default-key no-groups
  throw-keyids no-throw-keyids try-all-secrets skip-hidden-recipients no-skip-hidden-recipients
  no-default-keyring no-keyring lock-once lock-multiple lock-never auto-check-trustdb no-auto-check-trustdb
  force-ownertrust no-expensive-trust-checks no-auto-key-locate auto-key-import no-auto-key-import
  auto-key-retrieve no-auto-key-retrieve disable-dirmngr include-key-block no-include-key-block disable-signer-uid
  ask-sig-expire no-ask-sig-expire ask-cert-expire no-ask-cert-expire ask-cert-level no-ask-cert-level
  enable-large-rsa disable-large-rsa enable-dsa2 disable-dsa2 allow-non-selfsigned-uid no-allow-non-selfsigned-uid
  allow-freeform-uid no-allow-freeform-uid allow-weak-key-signatures allow-weak-digest-algos
  require-cross-certification no-require-cross-certification require-backsigs no-require-backsigs
  ignore-time-conflict ignore-valid-from ignore-crc-error ignore-mdc-error no-sig-cache no-symkey-cache
  force-mdc no-disable-mdc no-mdc-warning use-agent no-use-agent no-autostart disable-ccid use-only-openpgp-card
  honor-http-proxy no-armor no-armour no-textmode no-for-your-eyes-only no-comments no-emit-version no-version
  sk-comments no-sk-comments gnupg no-random-seed-file require-secmem no-require-secmem no-secmem-warning
  no-permission-warning preserve-permissions exit-on-status-write-error batch no-tty yes no expert no-expert
  no-greeting quiet verbose no-verbose utf8-strings no-utf8-strings show-photos no-show-photos show-policy-url
  no-show-policy-url show-notation no-show-notation show-keyring with-colons with-fingerprint
  with-subkey-fingerprint with-subkey-fingerprints with-keygrip with-secret with-key-data with-icao-spelling
  fixed-list-mode fast-list-mode`);

function names(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
