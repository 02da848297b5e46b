"""A PostgreSQL that was killed, as `make chaos` does it (issue 6), comes back with all that was committed."""

from __future__ import annotations

import asyncpg

from hotline.stand.postgres import PrivateCluster


async def connect(cluster: PrivateCluster) -> asyncpg.Connection:
    return await asyncpg.connect(host=str(cluster.socket), user="postgres", database="postgres", timeout=20)


async def test_a_killed_cluster_comes_back() -> None:
    async with PrivateCluster(options=("synchronous_commit=on",)) as cluster:  # a throw-away one may lose commits
        connection = await connect(cluster)
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        alive = cluster.pid
        assert alive is not None
        await cluster.crash()
        dead = cluster.pid
        assert dead is None
        connection.terminate()
        await cluster.crash()  # twice does no harm
        await cluster.start()
        again = await connect(cluster)
        assert await again.fetchval("SELECT answer FROM kept") == 42
        await again.close()
