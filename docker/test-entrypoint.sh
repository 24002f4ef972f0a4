#!/bin/bash
# As the official image does: environment variables named like settings (with a dot) become settings.
# bash, because dash drops variables whose names have dots.
set -euo pipefail
cd /usr/share/opensearch
cat >config/opensearch.yml <<'Y'
cluster.name: clipseek-test
network.host: 0.0.0.0
discovery.type: single-node
Y
closed=
if [[ ${DISABLE_SECURITY_PLUGIN:-false} == true ]]; then
  echo 'plugins.security.disabled: true' >>config/opensearch.yml
elif [[ ${DISABLE_INSTALL_DEMO_CONFIG:-false} == true ]]; then
  closed=settings   # of whoever starts it, with certificates and first users of theirs
else
  cat config/security.yml >>config/opensearch.yml
  hash=$(java -XX:+UseSerialGC -cp 'plugins/opensearch-security/*:lib/*' org.opensearch.security.tools.Hasher -env OPENSEARCH_INITIAL_ADMIN_PASSWORD | tail -n 1)
  printf '{"_meta": {"type": "internalusers", "config_version": 2}, "admin": {"hash": "%s"}}\n' "$hash" \
    >config/opensearch-security/internal_users.yml
fi
echo 'grant { permission java.lang.RuntimePermission "localeServiceProvider"; };' >config/java.policy
cat >config/log4j2.properties <<'L'
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
L
settings=()
while IFS='=' read -r -d '' key value; do
  # plugins.security.* stand in the file, but for a start that brings its own.
  if [[ $key =~ ^[a-z0-9_]+\.[a-z0-9_.]+$ && $key != discovery.type && ( $closed == settings || $key != plugins.security.* ) ]]; then
    settings+=("-E$key=$value")
  fi
done < <(env -0)
exec java ${OPENSEARCH_JAVA_OPTS:--Xms1g -Xmx1g} -XX:+UseSerialGC -Djava.security.manager=allow -Djava.locale.providers=CLDR,SPI \
  -Djava.security.policy=config/java.policy -Dopensearch.path.home="$PWD" -Dopensearch.path.conf="$PWD/config" \
  -Dopensearch.distribution.type=docker -Dlog4j2.disable.jmx=true -cp 'lib/*' org.opensearch.bootstrap.OpenSearch \
  -Epath.data="$PWD/data" -Epath.logs="$PWD/logs" "${settings[@]}"
