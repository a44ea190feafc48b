#!/bin/sh
# Starts a part of Hive: metastore or hiveserver2. Settings come from the environment; the
# password of the metastore's database from the file that METASTORE_PASSWORD_FILE names.
set -eu

part=$1
case "$part" in
metastore)
    METASTORE_PASSWORD=$(cat "$METASTORE_PASSWORD_FILE")
    export METASTORE_PASSWORD
    set -- org.apache.hadoop.hive.metastore.HiveMetaStore -p "$METASTORE_PORT"
    ;;
hiveserver2)
    set -- org.apache.hive.service.server.HiveServer2
    ;;
*)
    echo "start.sh metastore|hiveserver2" >&2
    exit 2
    ;;
esac

mkdir -p "$WAREHOUSE/managed" "$WAREHOUSE/external"
export HADOOP_HOME=${HADOOP_HOME:-/tmp}

opens=""
for package in java.lang java.lang.reflect java.util java.util.concurrent \
    java.util.concurrent.atomic java.util.regex java.net java.nio java.io java.text \
    java.time sun.nio.ch; do
    opens="$opens --add-opens=java.base/$package=ALL-UNNAMED"
done

# shellcheck disable=SC2086  # the options are words of their own
exec java -Xmx1g $opens \
    -Dlog4j2.contextSelector=org.apache.logging.log4j.core.selector.ClassLoaderContextSelector \
    -Dlog4j2.configurationFile="$HIVE_CONF/log4j2.properties" \
    -cp "$HIVE_CONF/$part:$HIVE_JARS/*" "$@"
