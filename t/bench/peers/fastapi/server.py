"""The peer in FastAPI: uvicorn with uvloop and httptools, a process a core, and in each a pool of connections.

Responses are returned as such: a dict would be validated and copied first. aiomysql has no prepared
statements.
"""
import itertools
import json
import os
import time
from datetime import datetime, timedelta, timezone

import aiomysql
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel

KINDS = ["message", "join", "leave", "rename", "role", "open"]
HELLO = json.loads(os.environ["HELLO"])
SHANGHAI = timezone(timedelta(hours=8))
numbers = itertools.count()
app = FastAPI()
pool: aiomysql.Pool


class Message(BaseModel):
    client_id: str
    body: str


@app.on_event("startup")
async def connect() -> None:
    global pool
    size = int(os.environ["CONNECTIONS"])
    pool = await aiomysql.create_pool(
        unix_socket=os.environ["DB_SOCKET"],
        user=os.environ["DB_USER"],
        db=os.environ["DB_DATABASE"],
        charset="utf8mb4",
        minsize=size,
        maxsize=size,
        autocommit=True,
    )


def entry(row: dict) -> dict:
    at = datetime.fromtimestamp(row["created_at"] / 1000, SHANGHAI)
    client_id = row["client_id"]
    return {
        "room_id": row["room_id"],
        "seq": row["seq"],
        "kind": KINDS[row["kind"]],
        "sender": {
            "id": row["sender_id"],
            "username": row["username"],
            "nickname": row["nickname"],
            "nickname_taken": False,
        },
        "client_id": client_id.decode() if isinstance(client_id, bytes) else client_id,
        "body": row["body"],
        "ref_seq": row["ref_seq"],
        "created_at": at.isoformat(timespec="milliseconds"),
    }


@app.get("/hello")
async def hello() -> JSONResponse:
    return JSONResponse(HELLO)


@app.get("/history/{room}")
async def history(room: int) -> JSONResponse:
    async with pool.acquire() as db, db.cursor(aiomysql.DictCursor) as cursor:
        await cursor.execute(
            "SELECT l.room_id, l.seq, l.kind, l.sender_id, u.username, u.nickname, l.client_id, l.body, l.ref_seq, "
            "l.created_at FROM room_log l STRAIGHT_JOIN users u ON u.id = l.sender_id WHERE l.room_id = %s "
            "ORDER BY l.seq DESC LIMIT 50",
            (room,),
        )
        rows = await cursor.fetchall()
    oldest = rows[-1]["seq"] if rows else 1
    return JSONResponse({"items": [entry(row) for row in reversed(rows)], "next": oldest if oldest > 1 else None})


@app.post("/send/{room}")
async def send(room: int, message: Message) -> JSONResponse:
    now = int(time.time() * 1000)
    sender = 1 + next(numbers) % 16
    async with pool.acquire() as db, db.cursor() as cursor:
        await db.begin()
        try:
            await cursor.execute(
                "UPDATE rooms SET last_message_seq = last_seq + 1, last_at = %s, "
                "last_seq = LAST_INSERT_ID(last_seq + 1) WHERE id = %s",
                (now, room),
            )
            seq = cursor.lastrowid
            await cursor.execute(
                "INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) "
                "VALUES (%s, %s, 0, %s, %s, %s, %s)",
                (room, seq, sender, message.client_id, message.body, now),
            )
            await db.commit()
        except BaseException:
            await db.rollback()
            raise
    sent = {
        "room_id": room,
        "seq": seq,
        "kind": 0,
        "sender_id": sender,
        "username": "sender_1_000000",
        "nickname": "sender 1",
        "client_id": message.client_id,
        "body": message.body,
        "ref_seq": None,
        "created_at": now,
    }
    return JSONResponse(entry(sent), status_code=201)
