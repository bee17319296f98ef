BEGIN TRANSACTION;
CREATE TABLE about (
	"key" VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "about" VALUES('version','1');
INSERT INTO "about" VALUES('installation','d0e8bc92');
CREATE TABLE cameras (
	site VARCHAR(63) NOT NULL, 
	id VARCHAR(63) NOT NULL, 
	state_json TEXT NOT NULL, 
	PRIMARY KEY (site, id)
);
INSERT INTO "cameras" VALUES('nongsa','cam2','{"id":"cam2","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1790000000000,"since_s":-1.0,"told_s":0.0,"detail":"","sample_ms":1790000001000,"boot":"boot1","seq":0,"told_ms":1790000001000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null}}');
INSERT INTO "cameras" VALUES('kabil','cam3','{"id":"cam3","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1790000000000,"since_s":-1.0,"told_s":0.0,"detail":"","sample_ms":1790000001000,"boot":"boot1","seq":0,"told_ms":1790000001000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null}}');
INSERT INTO "cameras" VALUES('kabil','cam1','{"id":"cam1","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1790000200000,"since_s":199.0,"told_s":199.0,"detail":"","sample_ms":1790000181000,"boot":"boot1","seq":7,"told_ms":1790000200000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null}}');
INSERT INTO "cameras" VALUES('kabil','cam2','{"id":"cam2","first_s":0.0,"name":"","state":"impaired","cause":"frozen","since_ms":1790000250000,"since_s":249.0,"told_s":249.0,"detail":"","sample_ms":1790000241000,"boot":"boot1","seq":9,"told_ms":1790000250000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null}}');
INSERT INTO "cameras" VALUES('nongsa','cam1','{"id":"cam1","first_s":0.0,"name":"","state":"impaired","cause":"black","since_ms":1790000300000,"since_s":299.0,"told_s":299.0,"detail":"","sample_ms":1790000271000,"boot":"boot1","seq":10,"told_ms":1790000300000,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null}}');
CREATE TABLE cursors (
	name VARCHAR(40) NOT NULL, 
	position BIGINT NOT NULL, 
	attention_s FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "cursors" VALUES('pipeline',33,329.0);
CREATE TABLE incidents (
	id INTEGER NOT NULL, 
	site VARCHAR(63) NOT NULL, 
	camera VARCHAR(63), 
	cause VARCHAR(40) NOT NULL, 
	cameras_json TEXT NOT NULL, 
	since_ms BIGINT NOT NULL, 
	opened_ms BIGINT NOT NULL, 
	opened_s FLOAT NOT NULL, 
	ending_s FLOAT, 
	resolved_ms BIGINT, 
	PRIMARY KEY (id)
);
INSERT INTO "incidents" VALUES(1,'kabil','cam1','stalled','["cam1"]',1790000100000,1790000120000,119.0,NULL,1790000220000);
INSERT INTO "incidents" VALUES(2,'kabil','cam2','frozen','["cam2"]',1790000250000,1790000270000,269.0,NULL,NULL);
INSERT INTO "incidents" VALUES(3,'nongsa','cam1','black','["cam1"]',1790000300000,1790000320000,319.0,NULL,NULL);
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	incident BIGINT NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	recipient VARCHAR(63) NOT NULL, 
	channel VARCHAR(40) NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	attempts INTEGER NOT NULL, 
	created_ms BIGINT NOT NULL, 
	finished_ms BIGINT, 
	error TEXT NOT NULL, 
	notice_json TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT outbox_once UNIQUE (incident, kind, recipient, channel)
);
INSERT INTO "outbox" VALUES(1,1,'opened','noc','1-json','sent',1,1790000120000,1790000120000,'','{"kind":"opened","incident":1,"site":"kabil","site_name":"kabil","camera":"cam1","camera_name":"cam1","cause":"stalled","state":"down","since_ms":1790000100000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":""}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null}');
INSERT INTO "outbox" VALUES(2,1,'resolved','noc','1-json','sent',1,1790000220000,1790000220000,'','{"kind":"resolved","incident":1,"site":"kabil","site_name":"kabil","camera":"cam1","camera_name":"cam1","cause":"stalled","state":"ok","since_ms":1790000100000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":""}],"resolved_ms":1790000220000,"detail":"","latitude":null,"longitude":null}');
INSERT INTO "outbox" VALUES(3,2,'opened','noc','1-json','sent',1,1790000270000,1790000270000,'','{"kind":"opened","incident":2,"site":"kabil","site_name":"kabil","camera":"cam2","camera_name":"cam2","cause":"frozen","state":"impaired","since_ms":1790000250000,"cameras":[{"id":"cam2","name":"cam2","owner":"","maintainer":"","project":""}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null}');
INSERT INTO "outbox" VALUES(4,3,'opened','noc','1-json','due',2,1790000320000,NULL,'no answer','{"kind":"opened","incident":3,"site":"nongsa","site_name":"nongsa","camera":"cam1","camera_name":"cam1","cause":"black","state":"impaired","since_ms":1790000300000,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":""}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null}');
CREATE TABLE sites (
	id VARCHAR(63) NOT NULL, 
	state_json TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "sites" VALUES('kabil','{"id":"kabil","first_s":0.0,"name":"","version":"1","boot":"boot1","past_boots":[],"session":1,"dead":false,"dead_s":0.0,"online":true,"interval_s":30.0,"clock_synchronised":true,"heard_ms":1790000301000,"heard_s":300.0,"sequences":{"runs":[{"boot":"boot1","newest":10,"gaps":[]}],"lost":0},"cameras":{}}');
INSERT INTO "sites" VALUES('nongsa','{"id":"nongsa","first_s":0.0,"name":"","version":"1","boot":"boot1","past_boots":[],"session":1,"dead":false,"dead_s":0.0,"online":true,"interval_s":30.0,"clock_synchronised":true,"heard_ms":1790000301000,"heard_s":300.0,"sequences":{"runs":[{"boot":"boot1","newest":10,"gaps":[]}],"lost":0},"cameras":{}}');
CREATE TABLE symptoms (
	site VARCHAR(63) NOT NULL, 
	subject VARCHAR(63) NOT NULL, 
	bad BOOLEAN NOT NULL, 
	since_s FLOAT NOT NULL, 
	trouble VARCHAR(40), 
	PRIMARY KEY (site, subject)
);
INSERT INTO "symptoms" VALUES('kabil','cam2',1,249.0,'frozen');
INSERT INTO "symptoms" VALUES('nongsa','cam1',1,299.0,'black');
CREATE TABLE timeline (
	id INTEGER NOT NULL, 
	incident BIGINT NOT NULL, 
	time_ms BIGINT NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	cause VARCHAR(40) NOT NULL, 
	cameras_json TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "timeline" VALUES(1,1,1790000120000,'opened','stalled','["cam1"]');
INSERT INTO "timeline" VALUES(2,1,1790000220000,'resolved','stalled','["cam1"]');
INSERT INTO "timeline" VALUES(3,2,1790000270000,'opened','frozen','["cam2"]');
INSERT INTO "timeline" VALUES(4,3,1790000320000,'opened','black','["cam1"]');
CREATE INDEX incidents_resolved ON incidents (resolved_ms);
CREATE INDEX ix_timeline_incident ON timeline (incident);
CREATE INDEX ix_outbox_incident ON outbox (incident);
CREATE INDEX ix_outbox_status ON outbox (status);
COMMIT;
