"""SET and RESET in Hive: which settings change nobody's access, and variables of the file.

A setting may switch authorization off, load a class or run a hook, so only those that are
known to tune a query are harmless; every other is not understood.
"""

from collections.abc import MutableMapping

from app.core.statements.cursor import Cursor, word_set
from app.core.statements.types import NoEffect, Statement

_HARMLESS = word_set(
    """
    hive.auto.convert.join hive.auto.convert.join.noconditionaltask
    hive.auto.convert.join.noconditionaltask.size hive.auto.convert.sortmerge.join
    hive.cbo.enable hive.cli.print.current.db hive.cli.print.header
    hive.compute.query.using.stats hive.default.fileformat hive.enforce.bucketing
    hive.enforce.sorting hive.enforce.sortmergebucketmapjoin
    hive.exec.compress.intermediate hive.exec.compress.output
    hive.exec.dynamic.partition hive.exec.dynamic.partition.mode
    hive.exec.max.created.files hive.exec.max.dynamic.partitions
    hive.exec.max.dynamic.partitions.pernode hive.exec.mode.local.auto hive.exec.parallel
    hive.exec.parallel.thread.number hive.exec.reducers.bytes.per.reducer
    hive.exec.reducers.max hive.execution.engine hive.fetch.task.conversion
    hive.groupby.skewindata hive.limit.optimize.enable hive.map.aggr
    hive.mapjoin.smalltable.filesize
    hive.mapred.mode hive.merge.mapfiles hive.merge.mapredfiles hive.merge.size.per.task
    hive.merge.smallfiles.avgsize hive.merge.tezfiles hive.optimize.bucketmapjoin
    hive.optimize.bucketmapjoin.sortedmerge hive.optimize.ppd hive.optimize.skewjoin
    hive.optimize.sort.dynamic.partition hive.prewarm.enabled hive.session.id
    hive.stats.autogather hive.stats.column.autogather hive.stats.fetch.column.stats
    hive.stats.fetch.partition.stats hive.tez.auto.reducer.parallelism
    hive.tez.container.size hive.tez.dynamic.partition.pruning
    hive.vectorized.execution.enabled hive.vectorized.execution.reduce.enabled
    mapred.job.name mapred.job.priority mapred.job.queue.name mapred.max.split.size
    mapred.min.split.size mapred.output.compression.codec mapred.output.compression.type
    mapred.reduce.tasks mapreduce.input.fileinputformat.split.maxsize
    mapreduce.input.fileinputformat.split.minsize mapreduce.job.name mapreduce.job.priority
    mapreduce.job.queuename mapreduce.job.reduces mapreduce.map.memory.mb
    mapreduce.output.fileoutputformat.compress mapreduce.reduce.memory.mb
    orc.compress parquet.compression tez.grouping.max-size tez.grouping.min-size tez.queue.name
    """
)
_VARIABLE, _CONFIGURED = "hivevar:", "hiveconf:"


def set_command(c: Cursor, assigned: MutableMapping[str, str]) -> Statement:
    """SET | SET -v | SET key | SET key=value. Variables that the file sets go to `assigned`.

    Hive takes everything after SET as it stands, so it is read as text, not as words.
    """
    c.expect("SET")
    if c.ended:
        return c.make(NoEffect, what="SET")
    text, _ = c.rest()
    following = c.peek()
    c.at = c.count()
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or key == "-v":
        return c.make(NoEffect, what="SET")
    _keep_variable(c, key, value, assigned)
    bare = key.removeprefix(_CONFIGURED)
    if not key.startswith(_VARIABLE) and bare.lower() not in _HARMLESS:
        c.refuse_at(
            f"whether the setting {bare} changes anybody's access is not known here",
            following,
            c.last(),
        )
    return c.make(NoEffect, what="SET")


def reset_command(c: Cursor, assigned: MutableMapping[str, str]) -> Statement:
    """RESET: the session's settings and variables are forgotten, those of its start too."""
    c.expect("RESET")
    c.end()
    if assigned:
        c.refuse_at("what is left of the file's own variables after RESET is not known", c.last())
    return c.make(NoEffect, what="RESET")


def _keep_variable(c: Cursor, key: str, value: str, assigned: MutableMapping[str, str]) -> None:
    if "--" in value or "/*" in value:
        c.refuse_at("whether a comment is part of the value depends on the client", c.last())
    if key.startswith(_VARIABLE):
        assigned[key] = value
    else:
        assigned[_CONFIGURED + key.removeprefix(_CONFIGURED)] = value
