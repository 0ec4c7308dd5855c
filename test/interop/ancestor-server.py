"""A stand-in for the ancestor's server, written from the description of its wire: three calls on FastAPI, an id that is the MD5 of
the path, a body without a length. Anything else is FastAPI's own 404, as it was. Prints its URL, then a JSON line a request.
"""

import hashlib
import json
import os
import socket
from pathlib import Path

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

LIBRARY = Path(os.environ["AUDIO_DIR"])
app = FastAPI()
in_progress: dict[str, Path] = {}
failed: set[Path] = set()


@app.middleware("http")
async def record(request: Request, call_next):
    answer = await call_next(request)
    line = {"method": request.method, "path": request.url.path, "query": str(request.query_params), "status": answer.status_code}
    print(json.dumps(line), flush=True)
    return answer


def next_recording() -> tuple[Path, str] | None:
    for recording in sorted(LIBRARY.rglob("*.mp3")):
        sidecar = recording.with_suffix(".json")
        taken = recording in in_progress.values() or recording in failed
        if recording.with_suffix(".vtt").exists() or taken or not sidecar.exists():
            continue
        return recording, json.loads(sidecar.read_text())["sql_params"]["language"]
    return None


@app.get("/task")
def get_task():
    found = next_recording()
    if found is None:
        return Response(status_code=204)
    recording, language = found
    task = hashlib.md5(str(recording).encode()).hexdigest()
    in_progress[task] = recording

    def chunks():
        with open(recording, "rb") as file:
            while chunk := file.read(8192):
                yield chunk

    return StreamingResponse(chunks(), media_type="audio/mpeg", headers={"X-Task-ID": task, "X-Language": language})


async def taken_recording(request: Request, *fields: str) -> tuple[Path, dict]:
    body = await request.json()
    if not all(body.get(field) for field in fields):
        raise HTTPException(status_code=400, detail=f"Missing {' or '.join(fields)}")
    if body["id"] not in in_progress:
        raise HTTPException(status_code=404, detail="ID not found")
    return in_progress.pop(body["id"]), body


@app.post("/result")
async def post_result(request: Request):
    recording, body = await taken_recording(request, "id", "vtt")
    recording.with_suffix(".vtt").write_text(body["vtt"])
    return {"status": "ok"}


@app.post("/error")
async def post_error(request: Request):
    recording, _ = await taken_recording(request, "id")
    failed.add(recording)
    return {"status": "ok"}


listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
server.run(sockets=[listener])
