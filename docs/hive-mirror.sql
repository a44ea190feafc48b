-- One table that shows Lakewarden, through HiveServer2, all that it reads of the metastore.
--
-- For Hive 4 on PostgreSQL with its JDBC storage handler (hive-jdbc-handler, which Hive ships).
-- An administrator runs this once and lets Lakewarden's user read that table and nothing else:
--   GRANT SELECT ON TABLE lakewarden.metastore TO USER auditor
-- Nothing is copied: the table reads the metastore's own database whenever it is asked, with the
-- account that HiveServer2 itself has (javax.jdo.option.*). Whoever may read it sees names of
-- objects, grants and properties of the whole lake.
--
-- The query must stay as it is: Lakewarden compares it, so that nobody can leave a row out.

CREATE DATABASE IF NOT EXISTS lakewarden;

CREATE EXTERNAL TABLE IF NOT EXISTS lakewarden.metastore (name string, packed string)
STORED BY 'org.apache.hive.storage.jdbc.JdbcStorageHandler'
TBLPROPERTIES (
"hive.sql.database.type" = "METASTORE",
"hive.sql.query" = "SELECT 'VERSION' AS name, CAST(json_agg(json_build_array(\"SCHEMA_VERSION\")) AS text) AS packed
FROM (SELECT \"SCHEMA_VERSION\", row_number() OVER () / 1000 AS part FROM \"VERSION\") rows GROUP BY part
UNION ALL
SELECT 'COLUMNS_V2' AS name, CAST(json_agg(json_build_array(\"CD_ID\", \"COLUMN_NAME\", \"INTEGER_IDX\", \"TYPE_NAME\")) AS text) AS packed
FROM (SELECT \"CD_ID\", \"COLUMN_NAME\", \"INTEGER_IDX\", \"TYPE_NAME\", row_number() OVER () / 1000 AS part FROM \"COLUMNS_V2\") rows GROUP BY part
UNION ALL
SELECT 'CTLGS' AS name, CAST(json_agg(json_build_array(\"LOCATION_URI\", \"NAME\")) AS text) AS packed
FROM (SELECT \"LOCATION_URI\", \"NAME\", row_number() OVER () / 1000 AS part FROM \"CTLGS\") rows GROUP BY part
UNION ALL
SELECT 'DATABASE_PARAMS' AS name, CAST(json_agg(json_build_array(\"DB_ID\", \"PARAM_KEY\", \"PARAM_VALUE\")) AS text) AS packed
FROM (SELECT \"DB_ID\", \"PARAM_KEY\", \"PARAM_VALUE\", row_number() OVER () / 1000 AS part FROM \"DATABASE_PARAMS\") rows GROUP BY part
UNION ALL
SELECT 'DBS' AS name, CAST(json_agg(json_build_array(\"CTLG_NAME\", \"DB_ID\", \"DB_LOCATION_URI\", \"NAME\", \"OWNER_NAME\", \"OWNER_TYPE\", \"TYPE\")) AS text) AS packed
FROM (SELECT \"CTLG_NAME\", \"DB_ID\", \"DB_LOCATION_URI\", \"NAME\", \"OWNER_NAME\", \"OWNER_TYPE\", \"TYPE\", row_number() OVER () / 1000 AS part FROM \"DBS\") rows GROUP BY part
UNION ALL
SELECT 'DB_PRIVS' AS name, CAST(json_agg(json_build_array(\"AUTHORIZER\", \"CREATE_TIME\", \"DB_GRANT_ID\", \"DB_ID\", \"DB_PRIV\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\")) AS text) AS packed
FROM (SELECT \"AUTHORIZER\", \"CREATE_TIME\", \"DB_GRANT_ID\", \"DB_ID\", \"DB_PRIV\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", row_number() OVER () / 1000 AS part FROM \"DB_PRIVS\") rows GROUP BY part
UNION ALL
SELECT 'DC_PRIVS' AS name, CAST(json_agg(json_build_array(\"AUTHORIZER\", \"CREATE_TIME\", \"DC_GRANT_ID\", \"DC_PRIV\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"NAME\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\")) AS text) AS packed
FROM (SELECT \"AUTHORIZER\", \"CREATE_TIME\", \"DC_GRANT_ID\", \"DC_PRIV\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"NAME\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", row_number() OVER () / 1000 AS part FROM \"DC_PRIVS\") rows GROUP BY part
UNION ALL
SELECT 'GLOBAL_PRIVS' AS name, CAST(json_agg(json_build_array(\"AUTHORIZER\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", \"USER_GRANT_ID\", \"USER_PRIV\")) AS text) AS packed
FROM (SELECT \"AUTHORIZER\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", \"USER_GRANT_ID\", \"USER_PRIV\", row_number() OVER () / 1000 AS part FROM \"GLOBAL_PRIVS\") rows GROUP BY part
UNION ALL
SELECT 'MV_CREATION_METADATA' AS name, CAST(json_agg(json_build_array(\"CAT_NAME\", \"DB_NAME\", \"MV_CREATION_METADATA_ID\", \"TBL_NAME\")) AS text) AS packed
FROM (SELECT \"CAT_NAME\", \"DB_NAME\", \"MV_CREATION_METADATA_ID\", \"TBL_NAME\", row_number() OVER () / 1000 AS part FROM \"MV_CREATION_METADATA\") rows GROUP BY part
UNION ALL
SELECT 'MV_TABLES_USED' AS name, CAST(json_agg(json_build_array(\"MV_CREATION_METADATA_ID\", \"TBL_ID\")) AS text) AS packed
FROM (SELECT \"MV_CREATION_METADATA_ID\", \"TBL_ID\", row_number() OVER () / 1000 AS part FROM \"MV_TABLES_USED\") rows GROUP BY part
UNION ALL
SELECT 'PARTITIONS' AS name, CAST(json_agg(json_build_array(\"PART_ID\", \"PART_NAME\", \"TBL_ID\")) AS text) AS packed
FROM (SELECT \"PART_ID\", \"PART_NAME\", \"TBL_ID\", row_number() OVER () / 1000 AS part FROM \"PARTITIONS\" WHERE \"PART_ID\" IN (SELECT \"PART_ID\" FROM \"PART_PRIVS\" UNION SELECT \"PART_ID\" FROM \"PART_COL_PRIVS\") OR \"TBL_ID\" IN (SELECT \"TBL_ID\" FROM \"TABLE_PARAMS\" WHERE \"PARAM_KEY\" = 'PARTITION_LEVEL_PRIVILEGE')) rows GROUP BY part
UNION ALL
SELECT 'PARTITION_KEYS' AS name, CAST(json_agg(json_build_array(\"INTEGER_IDX\", \"PKEY_NAME\", \"PKEY_TYPE\", \"TBL_ID\")) AS text) AS packed
FROM (SELECT \"INTEGER_IDX\", \"PKEY_NAME\", \"PKEY_TYPE\", \"TBL_ID\", row_number() OVER () / 1000 AS part FROM \"PARTITION_KEYS\") rows GROUP BY part
UNION ALL
SELECT 'PART_COL_PRIVS' AS name, CAST(json_agg(json_build_array(\"AUTHORIZER\", \"COLUMN_NAME\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PART_COLUMN_GRANT_ID\", \"PART_COL_PRIV\", \"PART_ID\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\")) AS text) AS packed
FROM (SELECT \"AUTHORIZER\", \"COLUMN_NAME\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PART_COLUMN_GRANT_ID\", \"PART_COL_PRIV\", \"PART_ID\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", row_number() OVER () / 1000 AS part FROM \"PART_COL_PRIVS\") rows GROUP BY part
UNION ALL
SELECT 'PART_PRIVS' AS name, CAST(json_agg(json_build_array(\"AUTHORIZER\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PART_GRANT_ID\", \"PART_ID\", \"PART_PRIV\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\")) AS text) AS packed
FROM (SELECT \"AUTHORIZER\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PART_GRANT_ID\", \"PART_ID\", \"PART_PRIV\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", row_number() OVER () / 1000 AS part FROM \"PART_PRIVS\") rows GROUP BY part
UNION ALL
SELECT 'ROLES' AS name, CAST(json_agg(json_build_array(\"CREATE_TIME\", \"ROLE_ID\", \"ROLE_NAME\")) AS text) AS packed
FROM (SELECT \"CREATE_TIME\", \"ROLE_ID\", \"ROLE_NAME\", row_number() OVER () / 1000 AS part FROM \"ROLES\") rows GROUP BY part
UNION ALL
SELECT 'ROLE_MAP' AS name, CAST(json_agg(json_build_array(\"ADD_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", \"ROLE_GRANT_ID\", \"ROLE_ID\")) AS text) AS packed
FROM (SELECT \"ADD_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", \"ROLE_GRANT_ID\", \"ROLE_ID\", row_number() OVER () / 1000 AS part FROM \"ROLE_MAP\") rows GROUP BY part
UNION ALL
SELECT 'SDS' AS name, CAST(json_agg(json_build_array(\"CD_ID\", \"LOCATION\", \"SD_ID\")) AS text) AS packed
FROM (SELECT \"CD_ID\", \"LOCATION\", \"SD_ID\", row_number() OVER () / 1000 AS part FROM \"SDS\") rows GROUP BY part
UNION ALL
SELECT 'TABLE_PARAMS' AS name, CAST(json_agg(json_build_array(\"PARAM_KEY\", \"PARAM_VALUE\", \"TBL_ID\")) AS text) AS packed
FROM (SELECT \"PARAM_KEY\", \"PARAM_VALUE\", \"TBL_ID\", row_number() OVER () / 1000 AS part FROM \"TABLE_PARAMS\" WHERE \"PARAM_KEY\" NOT IN ('COLUMN_STATS_ACCURATE', 'DO_NOT_UPDATE_STATS', 'STATS_GENERATED', 'STATS_GENERATED_VIA_STATS_TASK', 'bucketing_version', 'comment', 'impala.lastComputeStatsTime', 'numFiles', 'numFilesErasureCoded', 'numPartitions', 'numRows', 'rawDataSize', 'totalSize', 'transient_lastDdlTime')) rows GROUP BY part
UNION ALL
SELECT 'TBLS' AS name, CAST(json_agg(json_build_array(\"CREATE_TIME\", \"DB_ID\", \"OWNER\", \"OWNER_TYPE\", \"SD_ID\", \"TBL_ID\", \"TBL_NAME\", \"TBL_TYPE\", \"VIEW_EXPANDED_TEXT\", \"VIEW_ORIGINAL_TEXT\")) AS text) AS packed
FROM (SELECT \"CREATE_TIME\", \"DB_ID\", \"OWNER\", \"OWNER_TYPE\", \"SD_ID\", \"TBL_ID\", \"TBL_NAME\", \"TBL_TYPE\", \"VIEW_EXPANDED_TEXT\", \"VIEW_ORIGINAL_TEXT\", row_number() OVER () / 1000 AS part FROM \"TBLS\") rows GROUP BY part
UNION ALL
SELECT 'TBL_COL_PRIVS' AS name, CAST(json_agg(json_build_array(\"AUTHORIZER\", \"COLUMN_NAME\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", \"TBL_COLUMN_GRANT_ID\", \"TBL_COL_PRIV\", \"TBL_ID\")) AS text) AS packed
FROM (SELECT \"AUTHORIZER\", \"COLUMN_NAME\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", \"TBL_COLUMN_GRANT_ID\", \"TBL_COL_PRIV\", \"TBL_ID\", row_number() OVER () / 1000 AS part FROM \"TBL_COL_PRIVS\") rows GROUP BY part
UNION ALL
SELECT 'TBL_PRIVS' AS name, CAST(json_agg(json_build_array(\"AUTHORIZER\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", \"TBL_GRANT_ID\", \"TBL_ID\", \"TBL_PRIV\")) AS text) AS packed
FROM (SELECT \"AUTHORIZER\", \"CREATE_TIME\", \"GRANTOR\", \"GRANTOR_TYPE\", \"GRANT_OPTION\", \"PRINCIPAL_NAME\", \"PRINCIPAL_TYPE\", \"TBL_GRANT_ID\", \"TBL_ID\", \"TBL_PRIV\", row_number() OVER () / 1000 AS part FROM \"TBL_PRIVS\") rows GROUP BY part"
);
