"""The tables of a Hive 4.0 metastore that say who may do what, as SQLite holds them."""

SCHEMA_VERSION = "4.0.0"

_PRIVILEGE_COLUMNS = """
    "CREATE_TIME" bigint NOT NULL,
    "GRANT_OPTION" smallint NOT NULL,
    "GRANTOR" varchar(128),
    "GRANTOR_TYPE" varchar(128),
    "PRINCIPAL_NAME" varchar(128),
    "PRINCIPAL_TYPE" varchar(128),
"""

#: Created before the rows are written.
TABLES = f"""
CREATE TABLE "VERSION" (
    "VER_ID" integer PRIMARY KEY,
    "SCHEMA_VERSION" varchar(127) NOT NULL,
    "VERSION_COMMENT" varchar(255) NOT NULL
);
CREATE TABLE "CTLGS" (
    "CTLG_ID" integer PRIMARY KEY,
    "NAME" varchar(256) UNIQUE,
    "DESC" varchar(4000),
    "LOCATION_URI" varchar(4000) NOT NULL,
    "CREATE_TIME" bigint
);
CREATE TABLE "DBS" (
    "DB_ID" integer PRIMARY KEY,
    "DESC" varchar(4000),
    "DB_LOCATION_URI" varchar(4000) NOT NULL,
    "NAME" varchar(128),
    "OWNER_NAME" varchar(128),
    "OWNER_TYPE" varchar(10),
    "CTLG_NAME" varchar(256) DEFAULT 'hive' NOT NULL REFERENCES "CTLGS" ("NAME"),
    "CREATE_TIME" bigint,
    "DB_MANAGED_LOCATION_URI" varchar(4000),
    "TYPE" varchar(32) DEFAULT 'NATIVE' NOT NULL,
    "DATACONNECTOR_NAME" varchar(128),
    "REMOTE_DBNAME" varchar(128),
    UNIQUE ("NAME", "CTLG_NAME")
);
CREATE TABLE "DATABASE_PARAMS" (
    "DB_ID" bigint NOT NULL REFERENCES "DBS" ("DB_ID"),
    "PARAM_KEY" varchar(180) NOT NULL,
    "PARAM_VALUE" varchar(4000),
    PRIMARY KEY ("DB_ID", "PARAM_KEY")
) WITHOUT ROWID;
CREATE TABLE "SERDES" (
    "SERDE_ID" integer PRIMARY KEY,
    "NAME" varchar(128),
    "SLIB" varchar(4000),
    "DESCRIPTION" varchar(4000),
    "SERIALIZER_CLASS" varchar(4000),
    "DESERIALIZER_CLASS" varchar(4000),
    "SERDE_TYPE" int
);
CREATE TABLE "CDS" ("CD_ID" integer PRIMARY KEY);
CREATE TABLE "SDS" (
    "SD_ID" integer PRIMARY KEY,
    "INPUT_FORMAT" varchar(4000),
    "IS_COMPRESSED" boolean NOT NULL,
    "LOCATION" varchar(4000),
    "NUM_BUCKETS" bigint NOT NULL,
    "OUTPUT_FORMAT" varchar(4000),
    "SERDE_ID" bigint REFERENCES "SERDES" ("SERDE_ID"),
    "CD_ID" bigint REFERENCES "CDS" ("CD_ID"),
    "IS_STOREDASSUBDIRECTORIES" boolean NOT NULL
);
CREATE TABLE "COLUMNS_V2" (
    "CD_ID" bigint NOT NULL REFERENCES "CDS" ("CD_ID"),
    "COMMENT" varchar(4000),
    "COLUMN_NAME" varchar(767) NOT NULL,
    "TYPE_NAME" text,
    "INTEGER_IDX" integer NOT NULL,
    PRIMARY KEY ("CD_ID", "COLUMN_NAME")
) WITHOUT ROWID;
CREATE TABLE "TBLS" (
    "TBL_ID" integer PRIMARY KEY,
    "CREATE_TIME" bigint NOT NULL,
    "DB_ID" bigint REFERENCES "DBS" ("DB_ID"),
    "LAST_ACCESS_TIME" bigint NOT NULL,
    "OWNER" varchar(767),
    "OWNER_TYPE" varchar(10),
    "RETENTION" bigint NOT NULL,
    "SD_ID" bigint REFERENCES "SDS" ("SD_ID"),
    "TBL_NAME" varchar(256),
    "TBL_TYPE" varchar(128),
    "VIEW_EXPANDED_TEXT" text,
    "VIEW_ORIGINAL_TEXT" text,
    "IS_REWRITE_ENABLED" boolean NOT NULL DEFAULT 0,
    "WRITE_ID" bigint NOT NULL DEFAULT 0
);
CREATE TABLE "TABLE_PARAMS" (
    "TBL_ID" bigint NOT NULL REFERENCES "TBLS" ("TBL_ID"),
    "PARAM_KEY" varchar(256) NOT NULL,
    "PARAM_VALUE" text,
    PRIMARY KEY ("TBL_ID", "PARAM_KEY")
) WITHOUT ROWID;
CREATE TABLE "PARTITION_KEYS" (
    "TBL_ID" bigint NOT NULL REFERENCES "TBLS" ("TBL_ID"),
    "PKEY_COMMENT" varchar(4000),
    "PKEY_NAME" varchar(128) NOT NULL,
    "PKEY_TYPE" varchar(767) NOT NULL,
    "INTEGER_IDX" bigint NOT NULL,
    PRIMARY KEY ("TBL_ID", "PKEY_NAME")
) WITHOUT ROWID;
CREATE TABLE "PARTITIONS" (
    "PART_ID" integer PRIMARY KEY,
    "CREATE_TIME" bigint NOT NULL,
    "LAST_ACCESS_TIME" bigint NOT NULL,
    "PART_NAME" varchar(767),
    "SD_ID" bigint REFERENCES "SDS" ("SD_ID"),
    "TBL_ID" bigint REFERENCES "TBLS" ("TBL_ID"),
    "WRITE_ID" bigint NOT NULL DEFAULT 0
);
CREATE TABLE "GLOBAL_PRIVS" (
    "USER_GRANT_ID" integer PRIMARY KEY, {_PRIVILEGE_COLUMNS}
    "USER_PRIV" varchar(128),
    "AUTHORIZER" varchar(128)
);
CREATE TABLE "DB_PRIVS" (
    "DB_GRANT_ID" integer PRIMARY KEY, {_PRIVILEGE_COLUMNS}
    "DB_ID" bigint REFERENCES "DBS" ("DB_ID"),
    "DB_PRIV" varchar(128),
    "AUTHORIZER" varchar(128)
);
CREATE TABLE "TBL_PRIVS" (
    "TBL_GRANT_ID" integer PRIMARY KEY, {_PRIVILEGE_COLUMNS}
    "TBL_PRIV" varchar(128),
    "TBL_ID" bigint REFERENCES "TBLS" ("TBL_ID"),
    "AUTHORIZER" varchar(128)
);
CREATE TABLE "TBL_COL_PRIVS" (
    "TBL_COLUMN_GRANT_ID" integer PRIMARY KEY,
    "COLUMN_NAME" varchar(767), {_PRIVILEGE_COLUMNS}
    "TBL_COL_PRIV" varchar(128),
    "TBL_ID" bigint REFERENCES "TBLS" ("TBL_ID"),
    "AUTHORIZER" varchar(128)
);
CREATE TABLE "PART_PRIVS" (
    "PART_GRANT_ID" integer PRIMARY KEY, {_PRIVILEGE_COLUMNS}
    "PART_ID" bigint REFERENCES "PARTITIONS" ("PART_ID"),
    "PART_PRIV" varchar(128),
    "AUTHORIZER" varchar(128)
);
CREATE TABLE "PART_COL_PRIVS" (
    "PART_COLUMN_GRANT_ID" integer PRIMARY KEY,
    "COLUMN_NAME" varchar(767), {_PRIVILEGE_COLUMNS}
    "PART_ID" bigint REFERENCES "PARTITIONS" ("PART_ID"),
    "PART_COL_PRIV" varchar(128),
    "AUTHORIZER" varchar(128)
);
CREATE TABLE "DC_PRIVS" (
    "DC_GRANT_ID" integer PRIMARY KEY,
    "NAME" varchar(128), {_PRIVILEGE_COLUMNS}
    "DC_PRIV" varchar(128),
    "AUTHORIZER" varchar(128)
);
CREATE TABLE "ROLES" (
    "ROLE_ID" integer PRIMARY KEY,
    "CREATE_TIME" bigint NOT NULL,
    "OWNER_NAME" varchar(128),
    "ROLE_NAME" varchar(128) UNIQUE
);
CREATE TABLE "ROLE_MAP" (
    "ROLE_GRANT_ID" integer PRIMARY KEY,
    "ADD_TIME" bigint NOT NULL,
    "GRANT_OPTION" smallint NOT NULL,
    "GRANTOR" varchar(128),
    "GRANTOR_TYPE" varchar(128),
    "PRINCIPAL_NAME" varchar(128),
    "PRINCIPAL_TYPE" varchar(128),
    "ROLE_ID" bigint REFERENCES "ROLES" ("ROLE_ID"),
    UNIQUE ("PRINCIPAL_NAME", "ROLE_ID", "GRANTOR", "GRANTOR_TYPE")
);
CREATE TABLE "NOTIFICATION_LOG" (
    "NL_ID" integer PRIMARY KEY,
    "EVENT_ID" bigint NOT NULL UNIQUE,
    "EVENT_TIME" integer NOT NULL,
    "EVENT_TYPE" varchar(32) NOT NULL,
    "CAT_NAME" varchar(256),
    "DB_NAME" varchar(128),
    "TBL_NAME" varchar(256),
    "MESSAGE" text,
    "MESSAGE_FORMAT" varchar(16)
);
CREATE TABLE "NOTIFICATION_SEQUENCE" (
    "NNI_ID" integer PRIMARY KEY,
    "NEXT_EVENT_ID" bigint NOT NULL
);
CREATE TABLE "MV_CREATION_METADATA" (
    "MV_CREATION_METADATA_ID" integer PRIMARY KEY,
    "CAT_NAME" varchar(256) NOT NULL,
    "DB_NAME" varchar(128) NOT NULL,
    "TBL_NAME" varchar(256) NOT NULL,
    "TXN_LIST" text,
    "MATERIALIZATION_TIME" bigint NOT NULL
);
CREATE TABLE "MV_TABLES_USED" (
    "MV_CREATION_METADATA_ID" bigint NOT NULL
        REFERENCES "MV_CREATION_METADATA" ("MV_CREATION_METADATA_ID"),
    "TBL_ID" bigint NOT NULL REFERENCES "TBLS" ("TBL_ID"),
    "INSERTED_COUNT" bigint NOT NULL DEFAULT 0,
    "UPDATED_COUNT" bigint NOT NULL DEFAULT 0,
    "DELETED_COUNT" bigint NOT NULL DEFAULT 0,
    PRIMARY KEY ("TBL_ID", "MV_CREATION_METADATA_ID")
) WITHOUT ROWID;
"""

#: Created after the rows are written, which is quicker.
INDEXES = """
CREATE UNIQUE INDEX "UNIQUETABLE" ON "TBLS" ("TBL_NAME", "DB_ID");
CREATE INDEX "TBL_PRIVS_N49" ON "TBL_PRIVS" ("TBL_ID");
"""
