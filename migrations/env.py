"""Runs the revisions on the connection that `app.store.schema` hands over."""

from alembic import context

from app.store.all_tables import metadata


def run() -> None:
    """One transaction around everything: an upgrade happens whole or not at all."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transactional_ddl=True,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
