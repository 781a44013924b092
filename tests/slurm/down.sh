#!/usr/bin/env bash
# Stops exactly what `up.sh FOLDER` started, jobs first, and removes the folder (kept with --keep). It takes two minutes
# at the most.
set -uo pipefail
PATH="$PATH:/usr/sbin:/sbin"
folder="${1:?FOLDER}"
# Only what is a folder of up.sh is ever removed.
[ -f "$folder/slurm.conf" ] || exit 0
export SLURM_CONF="$folder/slurm.conf"

queue() { timeout 5 squeue --noheader 2>/dev/null; }
if [ -n "$(queue)" ]; then
    timeout 10 scancel --user="$(id -un)"
    end=$((SECONDS + 60))
    while [ $SECONDS -lt $end ] && [ -n "$(queue)" ]; do sleep 0.2; done
fi
for daemon in slurmd slurmctld munged; do
    file="$folder/pid/$daemon.pid"
    pid="$(cat "$file" 2>/dev/null)" || continue
    # A stale file must not end a stranger that has the number now.
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$daemon" ] || continue
    kill "$pid"
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null
done
# A job's keeper outlives slurmd when the job could not be cancelled.
for process in /proc/[0-9]*; do
    [ "$(cat "$process/comm" 2>/dev/null)" = slurmstepd ] || continue
    tr '\0' '\n' < "$process/environ" 2>/dev/null | grep -qxF "SLURM_CONF=$SLURM_CONF" && kill -9 "${process#/proc/}"
done
[ "${2:-}" = "--keep" ] || rm -rf "$folder"
exit 0
