-- What version 1 of the schema leaves behind when it is killed: succeeded, running, canceled and queued
-- tasks, an idempotency key, the messages of the open tasks, and one in the poison queue.
-- Never edit it: every later release must be able to go on from here.
CREATE TABLE records (
        name        TEXT    NOT NULL UNIQUE,
        etag        TEXT    NOT NULL,
        kind        TEXT    NOT NULL,
        status      TEXT    NOT NULL,
        created_at  INTEGER NOT NULL,
        updated_at  INTEGER NOT NULL,
        attempts    INTEGER NOT NULL,
        modified_at INTEGER NOT NULL,
        body        BLOB    NOT NULL
    ) STRICT;
INSERT INTO records VALUES('01a1fe98-88d9-7767-bcdf-906c4fac239d','cf1638c49bf2f4775fa10634c6785216','fibonacci','succeeded',1795272771801,1795272771805,1,1795272771805,CAST('{"schema":1,"id":"01a1fe98-88d9-7767-bcdf-906c4fac239d","kind":"fibonacci","status":"succeeded","created_at":"2026-11-21T14:52:51.801Z","updated_at":"2026-11-21T14:52:51.805Z","attempts":1,"result":{"number":24,"calculation_result":"46368"}}' AS BLOB));
INSERT INTO records VALUES('key-8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a','0ddce41c8b8bb47ca14caee0691f4f24','idempotency-key','accepted',1795272771818,1795272771818,0,1795272771843,CAST('{"task":"01a1fe98-88ea-7315-82a9-af997ca4ccfc","submission":"ae306eee00809bdb9e813f444b27f4cbe80661f183b345e5ed8a05540ba036ee","accepted":true,"claimed_at":"2026-11-21T14:52:51.818Z"}' AS BLOB));
INSERT INTO records VALUES('01a1fe98-88ea-7315-82a9-af997ca4ccfc','651cd946663b4f7caffc3822ac3ab872','fibonacci','succeeded',1795272771818,1795272771843,1,1795272771844,CAST('{"schema":1,"id":"01a1fe98-88ea-7315-82a9-af997ca4ccfc","kind":"fibonacci","status":"succeeded","created_at":"2026-11-21T14:52:51.818Z","updated_at":"2026-11-21T14:52:51.843Z","attempts":1,"result":{"number":7,"calculation_result":"13"}}' AS BLOB));
INSERT INTO records VALUES('01a1fe98-8b11-7041-a9d9-c2e0c0c72558','5e8873b31bb9fdd3176c2d949ddb6f43','fibonacci','running',1795272772369,1795272773400,1,1795272773400,CAST('{"schema":1,"id":"01a1fe98-8b11-7041-a9d9-c2e0c0c72558","kind":"fibonacci","status":"running","created_at":"2026-11-21T14:52:52.369Z","updated_at":"2026-11-21T14:52:53.400Z","attempts":1,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","input":{"number":31}}' AS BLOB));
INSERT INTO records VALUES('01a1fe98-8b57-70e4-93a4-275469d6cd73','1211d8e39c58302185ff8796daa81e39','fibonacci','canceled',1795272772439,1795272774072,0,1795272774074,CAST('{"schema":1,"id":"01a1fe98-8b57-70e4-93a4-275469d6cd73","kind":"fibonacci","status":"canceled","created_at":"2026-11-21T14:52:52.439Z","updated_at":"2026-11-21T14:52:54.072Z","attempts":0,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","input":{"number":32}}' AS BLOB));
INSERT INTO records VALUES('01a1fe98-8b8f-736c-819f-2688cf941ac5','4e7ad2675ec1dc7e1c3ddbac03f1a8d5','fibonacci','queued',1795272772495,1795272772495,0,1795272772545,CAST('{"schema":1,"id":"01a1fe98-8b8f-736c-819f-2688cf941ac5","kind":"fibonacci","status":"queued","created_at":"2026-11-21T14:52:52.495Z","updated_at":"2026-11-21T14:52:52.495Z","attempts":0,"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","input":{"number":33}}' AS BLOB));
INSERT INTO records VALUES('01a1fe98-8be6-7637-94eb-bb07f30cbfa3','d67f7903109e44fcc5b62ceb3d5b47c8','fibonacci','queued',1795272772583,1795272772583,0,1795272772608,CAST('{"schema":1,"id":"01a1fe98-8be6-7637-94eb-bb07f30cbfa3","kind":"fibonacci","status":"queued","created_at":"2026-11-21T14:52:52.583Z","updated_at":"2026-11-21T14:52:52.583Z","attempts":0,"input":{"number":"-8"}}' AS BLOB));
CREATE TABLE messages (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        queue         TEXT    NOT NULL,
        inserted_at   INTEGER NOT NULL,
        visible_at    INTEGER NOT NULL,
        dequeue_count INTEGER NOT NULL DEFAULT 0,
        pop_receipt   TEXT,
        text          TEXT    NOT NULL
    ) STRICT;
INSERT INTO messages VALUES(3,'background-tasks',1795272772395,1795272832396,1,'0f1139060597adfa2ed06485f866ff7a','{"id":"01a1fe98-8b11-7041-a9d9-c2e0c0c72558","number":31,"kind":"fibonacci","etag":"be711a191f81a61cc0d0212b030b5136","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}');
INSERT INTO messages VALUES(4,'background-tasks',1795272772443,1795272832449,1,'b5dad30fec83e14dc0bfc5f80efaa2cb','{"id":"01a1fe98-8b57-70e4-93a4-275469d6cd73","number":32,"kind":"fibonacci","etag":"9b439db0147193d1c3fc37753d494a86","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}');
INSERT INTO messages VALUES(5,'background-tasks',1795272772551,1795272832554,1,'fbb5c6996a8e43ed5a56e339fc7e59d7','{"id":"01a1fe98-8b8f-736c-819f-2688cf941ac5","number":33,"kind":"fibonacci","etag":"4e7ad2675ec1dc7e1c3ddbac03f1a8d5","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}');
INSERT INTO messages VALUES(6,'background-tasks',1795272772610,1795272832611,1,'269e595528a06bba27973661650cb8f1','{"id":"01a1fe98-8be6-7637-94eb-bb07f30cbfa3","number":"-8","kind":"fibonacci","etag":"d67f7903109e44fcc5b62ceb3d5b47c8"}');
CREATE TABLE checks (
        id         INTEGER PRIMARY KEY CHECK (id = 1),
        checked_at INTEGER NOT NULL
    ) STRICT;
CREATE INDEX messages_by_visibility ON messages (queue, visible_at, id);
INSERT INTO records VALUES('01a1fe98-8c00-7637-94eb-bb07f30cbf01','0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f','fibonacci','queued',1795272772600,1795272772600,4,1795272772600,CAST('{"schema":1,"id":"01a1fe98-8c00-7637-94eb-bb07f30cbf01","kind":"fibonacci","status":"queued","created_at":"2026-11-21T14:52:52.600Z","updated_at":"2026-11-21T14:52:52.600Z","attempts":4,"input":{"number":6}}' AS BLOB));
INSERT INTO messages VALUES(7,'background-tasks-poison',1795272772600,1795272772600,0,NULL,'{"id":"01a1fe98-8c00-7637-94eb-bb07f30cbf01","number":6,"kind":"fibonacci","etag":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f","attempts":4,"spent":4}');
INSERT INTO checks VALUES(1,1795272772000);
PRAGMA user_version = 1;
