#!/usr/bin/env bash
# A Slurm of one machine with a fake GPU, on loopback, for tests: munge, slurmctld and slurmd in a folder of their own.
#   up.sh --check          says what is missing
#   eval "$(up.sh FOLDER)" starts it in FOLDER, which must not exist yet, and sets what Slurm's commands need
# Nothing outside FOLDER is written, every wait is bounded, and what was started is stopped again when the start fails.
# The path of FOLDER must be short, since a socket lies in it (at most 90 characters).
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
PATH="$PATH:/usr/sbin:/sbin"
log() { echo "[slurm] $*" >&2; }

missing=""
for command in munged munge slurmctld slurmd sbatch srun squeue scancel scontrol sinfo timeout python3; do
    command -v "$command" >/dev/null || missing="$missing $command"
done
if [ -n "$missing" ]; then
    log "these tests need a Slurm; missing:$missing"
    log "on Debian or Ubuntu: apt-get install --no-install-recommends slurm-wlm munge (as root; nothing has to be configured)"
    exit 1
fi
[ "${1:?FOLDER or --check}" = "--check" ] && exit 0

folder="$1"
[ "${#folder}" -le 90 ] && [ "${folder:0:1}" = "/" ] || { log "$folder: expected an absolute path of at most 90 characters"; exit 1; }
mkdir "$folder"
trap 'status=$?; [ $status = 0 ] || { tail -n 8 "$folder"/log/*.log >&2 || true; "$here/down.sh" "$folder"; }; exit $status' EXIT
mkdir "$folder"/{munge,controller,node,log,pid,bin,gpu}
chmod 0755 "$folder" "$folder"/*
host="$(hostname -s)"
read -r controller_port node_port < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for one in sockets:
    one.bind(("127.0.0.1", 0))
print(*(one.getsockname()[1] for one in sockets))')

# More processors and memory than the machine may have (config_overrides): the jobs of the tests ask for what the rules
# declare and use next to nothing. Memory is counted, not enforced.
cat > "$folder/slurm.conf" <<CONF
ClusterName=semtok
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
CommunicationParameters=NoAddrCache,NoCtldInAddrAny,NoInAddrAny
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$folder/munge/socket
StateSaveLocation=$folder/controller
SlurmdSpoolDir=$folder/node
SlurmctldPidFile=$folder/pid/slurmctld.pid
SlurmdPidFile=$folder/pid/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_min_interval=0,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=86400
KillWait=5
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=200000 Gres=gpu:fake:1 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=$host Default=NO MaxTime=INFINITE State=UP
CONF
# A GPU needs a device file; without a plugin that guards devices, any path will do.
: > "$folder/gpu/0"
printf 'AutoDetect=off\nNodeName=%s Name=gpu Type=fake Flags=nvidia_gpu_env File=%s\n' "$host" "$folder/gpu/0" > "$folder/gres.conf"
: > "$folder/cgroup.conf"
# A step inside a job loses every SLURM_* variable (slurm-jobstep removes them), and with them where slurm.conf lies.
printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$folder/slurm.conf" "$(command -v srun)" > "$folder/bin/srun"
chmod 0755 "$folder/bin/srun"
export SLURM_CONF="$folder/slurm.conf"

(umask 077 && head -c 1024 /dev/urandom > "$folder/munge/key")
timeout 20 munged --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" --pid-file="$folder/pid/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed" --num-threads=2 >&2
for _ in $(seq 50); do timeout 5 munge -S "$folder/munge/socket" -n >/dev/null 2>&1 && break; sleep 0.1; done
timeout 20 slurmctld -f "$SLURM_CONF" >&2
for _ in $(seq 50); do timeout 5 scontrol ping >/dev/null 2>&1 && break; sleep 0.1; done
timeout 20 slurmd -f "$SLURM_CONF" -N "$host" >&2
for _ in $(seq 100); do
    state="$(timeout 5 sinfo -h -n "$host" -o %T 2>/dev/null | head -n 1)" || true
    [ "$state" = idle ] && break
    sleep 0.1
done
[ "$state" = idle ] || { log "the node is not ready: ${state:-unknown}"; exit 1; }
log "up in $folder"
echo "export SLURM_CONF='$SLURM_CONF' PATH='$folder/bin':\"\$PATH\""
